// Package java holds the markers of Java apps: a jar for the Java virtual machine and Android (pom.xml), and the native library
// that it hands them to.
package java

//go:generate native/build.sh
