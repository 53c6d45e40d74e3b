module serving-demo/dataplane

go 1.24
