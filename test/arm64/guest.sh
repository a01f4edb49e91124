# What a guest runs: recordings and their companions, each under its own name in
# out/. The test sets $together and $single, the attach methods that this Linux
# has, for many sites at once and for one; $absent, those that it lacks; and
# $several, $dynamic, $custom, $built_in and $delegated, apps' command lines without the library.
mkdir out
tracefs=/sys/kernel/tracing

# run NAME COMMAND... keeps what a command says and its exit status.
run() {
	name=$1
	shift
	"$@" >out/$name.out 2>out/$name.err
	echo $? >out/$name.status
}
# record NAME COMMAND... records it with the flags in $flags.
record() {
	name=$1
	shift
	run $name edgexray record $flags -o out/$name.xray -- "$@"
}
# began NAME waits until a recording in the background has its probes in place.
began() {
	until [ -e out/$1.xray ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
}

run doctor edgexray doctor --json
run refused probes.test -test.run '^TestAttachRefused$' -test.v
for method in $absent; do
	flags="--method $method"
	record absent-$method true
done

for version in 2.9.0 2.17.1; do
	app="capi --library /lib-$version.so"
	run several-$version-alone $app $several
	run dynamic-$version-alone $app $dynamic
	for method in $together; do
		flags="--method $method"
		record several-$version-$method $app $several
		record dynamic-$version-$method $app $dynamic
	done
	flags=
	record operators-$version $app $delegated
done
for method in $together; do
	flags="--method $method"
	record data-$method $app $custom --custom-op-with-data
	flags="--method $method --heap"
	record heap-$method $app $custom --custom-op --allocate
done
for mode in entry-only aggregate; do
	flags="--$mode"
	record mode-$mode $app $built_in
	record mode-$mode-delegated $app $delegated
done
flags="--follow scheduling,workers,faults,frequency,resident"
record paid $app $custom --custom-op --sleep 20000
flags=
record markers marked --frames 3 --fork
record best $app $custom --custom-op
record abort $app $custom --custom-op --abort-in-invoke

# A process whose interpreter is there already.
mkfifo said line
capi --library /lib-2.17.1.so --model /models/okay_nabu.tflite --invokes 3 --steps <line >said &
app=$!
exec 3>line 4<said
read -r _ <&4
(
	exec 3>&- 4<&- # or the app's stdin never ends
	run running edgexray record -p $app -o out/running.xray
) &
began running
echo >&3
read -r _ <&4
exec 3>&-
wait $!
exec 4<&-

# Processes that come and go. The probes belong to the file: no other recording
# must use it.
own=/tmp/own.so
cp /lib-2.9.0.so $own
for method in $together; do
	edgexray record --method $method --library $own -o out/library-$method.xray 2>out/library-$method.err &
	began library-$method
	for i in 1 2 3; do capi --library $own --model /models/if.tflite >/dev/null; done
	kill -INT $!
	wait $!
	echo $? >out/library-$method.status
done

# A recorder that is killed leaves events behind, which the next one removes.
edgexray record --method perf-group --library $own -o out/killed.xray 2>out/killed.err &
began killed
kill -KILL $!
wait $! 2>/dev/null
cp $tracefs/uprobe_events out/events-killed
flags="--method perf-group"
record after true
cp $tracefs/uprobe_events out/events-after

# Removing probes one by one takes Linux most of a minute. The trace is complete
# before, and nobody waits for the rest: not even tee, in init.
for method in $single; do
	flags="--method $method"
	record single-$method capi --library /lib-2.17.1.so --model /models/okay_nabu.tflite --invokes 3 >/dev/null 2>&1 &
done
for method in $single; do
	until grep -qs 'exit status is\|^edgexray:' out/single-$method.err; do sleep 0.1; done
done
tar -cf out.tar -C out .
