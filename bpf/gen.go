package bpf

//go:generate go tool bpf2go -cc clang-16 -strip llvm-strip-16 -target amd64,arm64 -go-package bpf -type record_type -type counter -type op_record -type node_record -type indices_record -type tensor_record -type subgraph_record -type exit_record -type mapped_record -type operator_record -type aggregate -type heap_record -type heap_site_record -type heap_site_key -type heap_site -type held_key -type sample_record -type operators_ran_record programs edgexray.bpf.c -- -O2 -g -Wall -Werror -mcpu=v2 -idirafter /usr/include/x86_64-linux-gnu -idirafter /usr/include/aarch64-linux-gnu
