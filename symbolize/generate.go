package symbolize

//go:generate ./testdata/build.sh
