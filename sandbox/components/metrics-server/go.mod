module xaheen.test/sandbox/metrics-server

go 1.26.0
