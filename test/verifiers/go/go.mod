module certkeep.test/verify

go 1.19
