// Command neon writes the arm64 assembly of package vec; go generate in
// package vec runs it.
//
// Products and sums are separate instructions, so that the bits are those of
// the portable code. Vectors have four lanes; where one ends beyond the data,
// it is loaded and stored in pieces.
package main

import (
	"flag"
	"fmt"
	"os"
)

// makers write the files.
var makers = map[string]func(*asm){
	"rows":     rows,
	"gemm":     gemm,
	"limits":   limits,
	"dots":     dots,
	"rank":     rank,
	"elements": elements,
}

func main() {
	folder := flag.String("folder", ".", "where to write NAME_arm64.s and NAME_arm64.go")
	flag.Parse()
	for name := range makers {
		if err := generate(*folder, name); err != nil {
			fmt.Fprintln(os.Stderr, "neon:", err)
			os.Exit(1)
		}
	}
}

func generate(folder, name string) error {
	a := &asm{}
	makers[name](a)
	if err := a.write(folder + "/" + name); err != nil {
		return err
	}
	if name == "elements" {
		return dispatch(folder + "/dispatch_arm64.go")
	}
	return nil
}
