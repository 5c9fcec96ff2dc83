module xaheen.test/sandbox/local-path-provisioner

go 1.26.0
