module pillion.invalid/examples/service

go 1.26
