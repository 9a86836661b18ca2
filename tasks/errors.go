package tasks

import "strings"

// SpecError is a task description that cannot be: an unknown task or option,
// or a value outside its range.
type SpecError struct {
	Spec   string // the description as given
	Option string // the option at fault; empty when it is the task itself
	Msg    string // cause and way out
}

func (e *SpecError) Error() string {
	at := "task " + e.Spec
	if e.Option != "" {
		at += ": option " + e.Option
	}
	return at + ": " + e.Msg
}

// DataError is a data set whose files are missing or not what they should be.
type DataError struct {
	Task string // the task that wanted the data
	Path string // the file at fault; empty when no file was found
	Msg  string // cause and way out, one line
	Err  error  // the underlying error, if any
}

func (e *DataError) Error() string {
	var b strings.Builder
	if e.Task != "" {
		b.WriteString("task " + e.Task + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Msg)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *DataError) Unwrap() error { return e.Err }
