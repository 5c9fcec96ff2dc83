module xaheen.test/sandbox/coredns

go 1.26.0
