package tasks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// namedSet is a published set of idx files.
type namedSet struct {
	name, title string
	layout      idxLayout
	get         string // where to get the files
}

// namedSets is the table of published sets. The checksums are those of the
// files as first published, compressed and not.
func namedSets() []namedSet {
	return []namedSet{
		{"mnist", "handwritten digits, 60,000 + 10,000 images of 28×28 (LeCun, Cortes, Burges 1998)",
			idxLayout{train: "train", test: "t10k", classes: 10, checksums: [][2]string{
				{"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
				{"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
				{"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
				{"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
			}},
			"download the four files of https://ossci-datasets.s3.amazonaws.com/mnist/ (train and t10k, images-idx3-ubyte.gz and labels-idx1-ubyte.gz)"},
		{"fashion-mnist", "pictures of clothes, 60,000 + 10,000 images of 28×28 (Xiao, Rasul, Vollgraf 2017)",
			idxLayout{train: "train", test: "t10k", classes: 10, checksums: [][2]string{
				{"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
				{"a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
				{"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
				{"67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
			}},
			"download the four files of data/fashion in https://github.com/zalandoresearch/fashion-mnist"},
		{"kmnist", "cursive Japanese characters, 60,000 + 10,000 images of 28×28 (Clanuwat et al. 2018)",
			idxLayout{train: "train", test: "t10k", classes: 10},
			"download the four files of the MNIST format from http://codh.rois.ac.jp/kmnist/"},
		{"emnist", "handwritten letters and digits, 112,800 + 18,800 images of 28×28 in 47 classes (Cohen et al. 2017, split balanced)",
			idxLayout{train: "emnist-balanced-train", test: "emnist-balanced-test", classes: 47, transposed: true},
			"download the binary format from https://www.nist.gov/itl/products-and-services/emnist-dataset and unpack emnist-balanced-*.gz"},
		{"emnist-letters", "handwritten letters, 26 classes, images of 28×28 (Cohen et al. 2017, split letters)",
			idxLayout{train: "emnist-letters-train", test: "emnist-letters-test", classes: 26, first: 1, transposed: true},
			"download the binary format from https://www.nist.gov/itl/products-and-services/emnist-dataset and unpack emnist-letters-*.gz"},
	}
}

// advice completes an error about missing files.
func (n *namedSet) advice() string {
	return n.get + " into a folder " + n.name + " and name the folder that holds it with --data or METAPLAST_DATA"
}

// open looks for the files in each directory of the source, in DIR/NAME and
// then in DIR itself.
func (n *namedSet) open(v *values, src Source) (Task, error) {
	task := v.spec.String()
	var tried []string
	var first error
	for _, dir := range src.Dirs {
		for _, place := range []string{filepath.Join(dir, n.name), dir} {
			paths, missing := n.layout.find(place)
			if missing != "" {
				note := ""
				if paths[0] != "" {
					note = " (" + missing + " is missing)"
				} else if _, err := os.Stat(place); errors.Is(err, os.ErrNotExist) {
					note = " (no such folder)"
				}
				tried = append(tried, place+note)
				continue
			}
			d, err := n.layout.load(task, paths)
			if err == nil {
				return newSet(v, d)
			}
			// Files that lie in the directory itself may be those of another
			// set: the error counts only if no other place has the right ones.
			if place != dir {
				return nil, err
			}
			if first == nil {
				first = err
			}
			tried = append(tried, place)
		}
	}
	if first != nil {
		return nil, first
	}
	return nil, &DataError{Task: task, Msg: "its files were not found in " + strings.Join(tried, ", ") + "; " + n.advice()}
}

// matches reports whether a file or its content has a published checksum.
func matches(sums [2]string, file []byte, a *idxArray) bool {
	sum := func(b ...[]byte) string {
		h := sha256.New()
		for _, p := range b {
			h.Write(p)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	if slices.Contains(sums[:], sum(file)) {
		return true
	}
	if a == nil || a.bytes == nil { // all published files hold bytes
		return false
	}
	header := []byte{0, 0, 8, byte(len(a.sizes))}
	for _, s := range a.sizes {
		header = binary.BigEndian.AppendUint32(header, uint32(s))
	}
	return sum(header, a.bytes) == sums[1]
}
