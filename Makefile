# What there is to do here. `make setup` first, as root, on Debian 12.

GO := CGO_ENABLED=0 go
PART := $(GO) run ./test/parts/cmd

.PHONY: build reference test demo bench fmt-check vet staticcheck generate generate-check setup setup-demo

build:
	$(GO) build -trimpath -ldflags "-s -w" -o edgexray ./cmd/edgexray

# The runner of go-tflite, for `edgexray reference` and `edgexray compare`. Headers and the library to link with come from
# pinned packages; which library it runs with is chosen when it is started.
reference: setup
	headers=$$($(PART) tflite-2.9.0/include) && library=$$($(PART) tflite-2.17.1/amd64) && \
	CGO_ENABLED=1 CGO_CFLAGS="-I$$headers -I$(CURDIR)/reference/gotflite/include" CGO_LDFLAGS="-L$$library" \
	go build -tags gotflite -o edgexray-gotflite ./reference/gotflite

# Every test, real runtimes and arm64 machines included: as root, on Linux with BPF.
test: setup
	$(GO) test -timeout 35m ./...

# Records a LiteRT app that knows nothing of edgexray, says what is slow, checks its layers, and writes a page of it.
demo: setup-demo build
	python=$$($(PART) python)/bin/python && model=$$($(PART) face)/face_landmark.tflite && \
	./edgexray record -o demo.xray -- $$python test/apps/sources/litert_run.py $$model --resolver builtin --invokes 200
	./edgexray ops demo.xray
	./edgexray pprof demo.xray -o demo.pb.gz
	go tool pprof -top demo.pb.gz
	./edgexray stragglers demo.xray
	python=$$($(PART) python)/bin/python && model=$$($(PART) face)/face_landmark.tflite && \
	./edgexray snapshot -o demo.tensors -- $$python test/apps/sources/litert_run.py $$model --resolver builtin && \
	./edgexray reference $$model --inputs demo.tensors -o demo.ref.tensors --python $$python && \
	./edgexray compare demo.tensors demo.ref.tensors --model $$model --python $$python && \
	./edgexray report demo.xray demo.tensors demo.ref.tensors --model $$model --python $$python -o demo.html

# What recording costs, on real models: prints tables, passes and fails nothing. docs/performance.md has the numbers.
bench: setup
	$(GO) run ./test/bench

fmt-check:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not as gofmt writes it (run gofmt -w):" $$unformatted; exit 1; }

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

# Rebuilds the committed BPF objects and generated Go.
generate: setup
	go generate ./...

generate-check: setup
	.ci/generate-check

setup:
	.ci/setup

# Enough for build and demo.
setup-demo:
	.ci/setup demo
