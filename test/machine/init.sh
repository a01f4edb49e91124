#!/bin/busybox sh
# The guest's first process: prepares the system, runs /test/script, and leaves
# its output, its exit status and the files listed in /test/out as a tar archive
# on the only disk.

/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp

mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tracefs none /sys/kernel/tracing
mount -t bpf none /sys/fs/bpf
mount -t tmpfs none /tmp
mkdir /dev/shm
mount -t tmpfs none /dev/shm
ln -s /proc/self/fd /dev/fd
ip link set lo up

# start-stop-daemon becomes a user, but starts no file that is running: this shell is one, its copy another.
run="sh"
[ -e /etc/passwd ] && cp /bin/busybox /test/sh && run="start-stop-daemon -S -c user -x /test/sh --"

mkdir -p /tmp/result
cd /tmp
{ $run /test/script 2>&1; echo $? >/tmp/result/status; } | tee /tmp/result/output

cd /tmp/result
while read -r file; do
	[ -f "$file" ] && mkdir -p "files$(dirname "$file")" && ln -s "$file" "files$file"
done </test/out
tar -chf /dev/nvme0n1 . || echo "init: can't write the result"
sync
poweroff -f
