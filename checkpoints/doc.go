// Package checkpoints keeps a run on disk so that nothing finished is lost.
//
// A run is a directory:
//
//	config.yaml           as the user gave it
//	config.resolved.yaml  with every default written out
//	manifest.json         what the run is: versions, seed, digests
//	journal/NNNNNN.jsonl  every result, one record per line; the truth
//	front.csv, rules/     the best rules so far; always current, can be rebuilt
//	result.json           what the search reported when it ended
//	files.json            digests of front.csv, families.csv, rules/ and result.json
//	log.jsonl             what the program said (written by the command)
//	lock                  held while a process works on the run; names its owner
//
// A journal line is a JSON object whose first member is the CRC-32C of the
// line without that member and without the newline:
//
//	{"crc":"91c2f4aa","seq":7,"kind":"outcome","key":"…","data":{…}}
//
// Numbers in seq count from 1 without a gap through all segments. Record 1 has
// kind "run" and repeats the manifest and the two config files, so that a lost
// one can be restored. Segments end before the record that would make them
// longer than 8 MiB; their bytes depend on the records alone, never on timing.
//
// Append hands each record to the operating system within a millisecond, at
// once where records come no faster than that, so a killed process loses no
// more; records reach the disk at most a tenth of a second later, so that a
// power failure loses no more than that. Sync waits for both.
// Files other than the journal are replaced whole: a reader sees the old or
// the new bytes.
//
// The package knows nothing about what the records mean; replaying them is the
// search's work. It may import rulespace and internal packages only.
package checkpoints
