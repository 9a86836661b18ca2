module github.com/metaplast/metaplast

go 1.26
