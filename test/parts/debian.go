package parts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A debianPart is made of packages of a Debian suite, for arm64 unless their
// names say otherwise (libc6:armhf). They aren't pinned: a suite moves on with
// every point release and drops what it had. apt checks Debian's signature
// instead.
type debianPart struct {
	name     string
	suite    string
	packages []string
	// linux says that the only package is a metapackage: the part is the
	// kernel image, vmlinuz, of the package it depends on. Otherwise the part
	// is the packages' files.
	linux bool
}

// The cloud kernels need no modules and no initramfs of Debian's own to boot
// under QEMU. The guest's libraries are bookworm's because TFLite 2.17.1 needs
// glibc 2.34.
var debianParts = []debianPart{
	{name: "linux-5.10", suite: "bullseye", packages: []string{"linux-image-cloud-arm64"}, linux: true},
	{name: "linux-6.1", suite: "bookworm", packages: []string{"linux-image-cloud-arm64"}, linux: true},
	{name: "linux-6.12", suite: "trixie", packages: []string{"linux-image-cloud-arm64"}, linux: true},
	// People who speak: loudspeaker names at 48 kHz, and read sentences and numbers at 16 kHz.
	{name: "recordings", suite: "bookworm", packages: []string{"alsa-utils:amd64", "pocketsphinx-testdata:amd64"}},
	{name: "guest", suite: "bookworm", packages: []string{"busybox-static", "libc6", "libgcc-s1", "libstdc++6"}},
	{name: "guest-arm", suite: "bookworm", packages: []string{"libc6:armhf", "libgcc-s1:armhf", "libstdc++6:armhf"}},
}

func (p debianPart) part() part {
	return part{name: p.name, key: fmt.Sprintf("%+v", p), fill: p.fill}
}

// architecture is Debian's name of what the packages are for.
func (p debianPart) architecture() string {
	if _, named, ok := strings.Cut(p.packages[0], ":"); ok {
		return named
	}
	return "arm64"
}

func (p debianPart) fill(dir string) error {
	state, err := os.MkdirTemp(filepath.Dir(dir), "apt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	apt, err := newApt(state, p.suite, p.architecture())
	if err != nil {
		return err
	}
	packages := p.packages
	if p.linux {
		if packages, err = apt.depends(packages[0]); err != nil {
			return err
		}
	}
	archives, err := apt.download(packages)
	if err != nil {
		return err
	}
	root := dir
	if p.linux {
		root = filepath.Join(state, "root")
	}
	for _, archive := range archives {
		if err := run(state, "dpkg-deb", "--extract", archive, root); err != nil {
			return err
		}
	}
	if !p.linux {
		return nil
	}
	images, err := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	if err != nil || len(images) != 1 {
		return fmt.Errorf("find kernel image in %s: %d files match boot/vmlinuz-*, want 1", packages, len(images))
	}
	return os.Rename(images[0], filepath.Join(dir, "vmlinuz"))
}

// An apt is a private apt configuration: another suite and architecture than
// the machine's, with lists and a cache of its own. Root isn't needed.
type apt struct {
	dir     string
	options []string
}

// newApt takes the mirror from the machine's own apt configuration, whichever
// format that is in, and gets the suite's index.
func newApt(dir, suite, arch string) (*apt, error) {
	mirror, err := debianMirror()
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "packages"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	sources := filepath.Join(dir, "sources.list")
	line := fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", mirror, suite)
	if err := os.WriteFile(sources, []byte(line), 0o644); err != nil {
		return nil, err
	}
	a := &apt{dir: dir, options: []string{
		"--quiet=2",
		"--option=Dir::State=" + filepath.Join(dir, "state"),
		"--option=Dir::State::status=/dev/null",
		"--option=Dir::Cache=" + filepath.Join(dir, "cache"),
		"--option=Dir::Etc::SourceList=" + sources,
		"--option=Dir::Etc::SourceParts=/dev/null",
		"--option=APT::Architecture=" + arch,
		"--option=APT::Architectures=" + arch,
		"--option=APT::Sandbox::User=root",
	}}
	return a, run(dir, slices.Concat([]string{"apt-get", "update"}, a.options)...)
}

// debianMirror returns the address of the machine's Debian archive: that of the
// first source which names a suite itself, not its updates or security fixes.
func debianMirror() (string, error) {
	output, err := exec.Command("apt-get", "indextargets", "--no-release-info",
		"--option=APT::Get::IndexTargets::OnlyDownloaded=false",
		"--format=$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("list apt sources: %w (the arm64 kernels come through apt: a Debian machine is needed)", err)
	}
	suites := []string{"bullseye", "bookworm", "trixie", "oldoldstable", "oldstable", "stable"}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[2] == "main" && slices.Contains(suites, fields[1]) {
			return fields[0], nil
		}
	}
	return "", errors.New("find Debian's archive in the apt sources: none has suite bullseye, bookworm or trixie (a Debian machine is needed)")
}

// depends returns what a package depends on directly.
func (a *apt) depends(name string) ([]string, error) {
	output, err := exec.Command("apt-cache", slices.Concat([]string{"depends", name}, a.options)...).Output()
	if err != nil {
		return nil, fmt.Errorf("resolve package %s: %w", name, err)
	}
	var names []string
	for line := range strings.Lines(string(output)) {
		if dependency, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); ok {
			names = append(names, dependency)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("resolve package %s: it depends on nothing in this suite", name)
	}
	return names, nil
}

func (a *apt) download(names []string) (archives []string, err error) {
	packages := filepath.Join(a.dir, "packages")
	if err := run(packages, slices.Concat([]string{"apt-get", "download"}, a.options, names)...); err != nil {
		return nil, err
	}
	archives, err = filepath.Glob(filepath.Join(packages, "*.deb"))
	if err == nil && len(archives) != len(names) {
		err = fmt.Errorf("download %s: got %d packages", strings.Join(names, " "), len(archives))
	}
	return archives, err
}
