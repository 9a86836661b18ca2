package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// Format is the version of the run directory that this package writes.
const Format = 1

const (
	manifestName = "manifest.json"
	filesName    = "files.json"
	lockName     = "lock"
	journalDir   = "journal"

	// ConfigName is the config as the user gave it.
	ConfigName = "config.yaml"
	// ResolvedName is the config with every default written out.
	ResolvedName = "config.resolved.yaml"

	maxSmallFile = 16 << 20
)

// Manifest says what a run is.
type Manifest struct {
	Format   int    `json:"format"`
	Program  string `json:"program"` // version that created the run
	Name     string `json:"name"`
	ID       string `json:"id"`
	Seed     uint64 `json:"seed"`
	Numerics string `json:"numerics"` // digest of what the arithmetic gives on this build
	Config   string `json:"config"`   // digest of everything that results depend on
	// Files holds the SHA-256 of the config files.
	Files   map[string]string `json:"files"`
	Created time.Time         `json:"created,omitzero"`
}

// NewID derives the id of a run from the digest of its config, its seed and
// how many runs of that config were made before on purpose. The same config
// finds its run again.
func NewID(config string, seed uint64, fresh int) string {
	h := sha256.New()
	h.Write([]byte("metaplast run\x00"))
	h.Write([]byte(config))
	var n [16]byte
	binary.LittleEndian.PutUint64(n[:8], seed)
	binary.LittleEndian.PutUint64(n[8:], uint64(fresh))
	h.Write(n[:])
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// DirName returns the name of the run's directory.
func (m Manifest) DirName() string { return m.Name + "-" + m.ID }

// sealed is a manifest as it is written: with its own digest.
type sealed struct {
	Manifest
	Digest string `json:"digest"`
}

func encodeManifest(m Manifest) ([]byte, error) {
	s := sealed{Manifest: m}
	var err error
	if s.Digest, err = manifestDigest(m); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

func manifestDigest(m Manifest) (string, error) {
	data, err := json.Marshal(m)
	return digest(data), err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ReadManifest reads and checks the manifest of the run in dir.
func ReadManifest(dir string) (Manifest, error) { return readManifest(osDisk{}, dir) }

func readManifest(d disk, dir string) (Manifest, error) {
	data, err := d.ReadFile(filepath.Join(dir, manifestName), maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		// The manifest is what a new run writes last, after the first record.
		if t, err := readJournal(d, dir, nil); err != nil || t.seq > 1 {
			return Manifest{}, &ErrDamaged{Dir: dir, File: manifestName, Why: "is missing"}
		}
		return Manifest{}, &ErrNotFound{Ref: dir, Why: "it has no " + manifestName}
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("read run %s: %w", dir, err)
	}
	damaged := func(why string) (Manifest, error) {
		return Manifest{}, &ErrDamaged{Dir: dir, File: manifestName, Why: why}
	}
	// The version comes first: a newer format may have other members.
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return damaged("is not a manifest: " + err.Error())
	}
	if version.Format > Format {
		return Manifest{}, &ErrIncompatible{dir, fmt.Sprintf("its format %d is newer than this program's %d; use a newer metaplast", version.Format, Format)}
	}
	var s sealed
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return damaged("is not a manifest: " + strings.TrimPrefix(err.Error(), "json: "))
	}
	want, err := manifestDigest(s.Manifest)
	if err != nil || want != s.Digest {
		return damaged("its digest does not match its content")
	}
	if s.Format < 1 {
		return damaged(fmt.Sprintf("has format %d", s.Format))
	}
	return s.Manifest, nil
}
