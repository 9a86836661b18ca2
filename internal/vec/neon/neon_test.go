package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The words are those of LLVM's assembler (llvm-mc -arch=aarch64 -show-encoding).
func TestEncoding(t *testing.T) {
	for want, w := range map[uint32]word{
		0x4e3fd7a1: three("fadd", 1, 29, 31),
		0x4eb8d401: three("fsub", 1, 0, 24),
		0x6e29de13: three("fmul", 19, 16, 9),
		0x6e22fc20: three("fdiv", 0, 1, 2),
		0x6e28d480: three("faddp", 0, 4, 8),
		0x4e3fe427: three("fcmeq", 7, 1, 31),
		0x6e21e7c5: three("fcmge", 5, 30, 1),
		0x6ea3e5ec: three("fcmgt", 12, 15, 3),
		0x4ea4f4a3: three("fmin", 3, 5, 4),
		0x4ea89d1e: three("mul", 30, 8, 8),
		0x6ea1fbdf: two("fsqrt", 31, 30),
		0x4ea0f861: two("fabs", 1, 3),
		0x6ea0fa09: two("fneg", 9, 16),
		0x4e21da24: two("scvtf", 4, 17),
		0x4ea0db62: two("fcmeq", 2, 27),
		0x4ea0e860: two("fcmlt", 0, 3),
		0x4f9c931d: fmulElement(29, 24, 28),
		0x4f3f048b: sshr(11, 4, 1),
		0x7e30d9f0: faddpScalar(16, 15),
		0x6eb0a8e3: umaxv(3, 7),
	} {
		if w.bits != want {
			t.Errorf("%s is %#08x, want %#08x", w.text, w.bits, want)
		}
	}
}

// Every word in the assembly has to be the instruction that stands beside it,
// in the opinion of LLVM's assembler where there is one.
func TestWordsAgainstLLVM(t *testing.T) {
	mc, err := exec.LookPath("llvm-mc")
	if err != nil {
		t.Skip("there is no llvm-mc")
	}
	files, err := filepath.Glob("../*_arm64.s")
	if err != nil || len(files) == 0 {
		t.Fatal("no assembly", err)
	}
	wordLine := regexp.MustCompile(`(?m)^\tWORD \$0x(..)(..)(..)(..) // (.*)$`)
	encoding := regexp.MustCompile(`encoding: \[0x(..),0x(..),0x(..),0x(..)\]`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		words := wordLine.FindAllStringSubmatch(string(text), -1)
		var in strings.Builder
		for _, w := range words {
			in.WriteString(w[5] + "\n")
		}
		cmd := exec.Command(mc, "-arch=aarch64", "-show-encoding")
		cmd.Stdin = strings.NewReader(in.String())
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := encoding.FindAllStringSubmatch(string(out), -1)
		if len(words) == 0 || len(got) != len(words) {
			t.Fatalf("%s: %d words, %d instructions", name, len(words), len(got))
		}
		for i, w := range words {
			if g := got[i]; w[1]+w[2]+w[3]+w[4] != g[4]+g[3]+g[2]+g[1] {
				t.Errorf("%s: 0x%s is not %q", name, w[1]+w[2]+w[3]+w[4], w[5])
			}
		}
	}
}

// The assembly is what this program writes.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	folder := t.TempDir()
	for name := range makers {
		if err := generate(folder, name); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(folder + "/*_arm64.*")
	if err != nil || len(files) != 2*len(makers)+1 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		got, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("../" + filepath.Base(f))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run go generate in internal/vec", filepath.Base(f))
		}
	}
}
