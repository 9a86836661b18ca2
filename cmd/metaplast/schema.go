package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/outer/method"
)

// schema is the JSON Schema of a config, made from the same tags that the
// decoder obeys. It is shipped as metaplast.schema.json for editors.
func schema() []byte {
	root := schemaOf(reflect.TypeFor[Config]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "metaplast search"
	root["description"] = "A search for plasticity rules; see metaplast help config"
	root["required"] = []string{"task", "rule"}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(err) // maps and strings
	}
	return b.Bytes()
}

type object = map[string]any

// schemaOf describes a type.
func schemaOf(t reflect.Type) object {
	name := object{"type": "string"}
	option := object{"type": []string{"string", "number", "boolean"}}
	switch t {
	case reflect.TypeFor[Workers]():
		return object{"oneOf": []any{object{"const": "auto"}, object{"type": "integer", "minimum": 1, "maximum": 4096}}}
	case reflect.TypeFor[Sizes]():
		const layer = "([0-9]+|in|out|[0-9]+x[0-9]+(x[0-9]+)?|c[0-9]+([kszpa][0-9]+(x[0-9]+)?(/[0-9]+(x[0-9]+)?)?)+)"
		unit := object{"oneOf": []any{object{"type": "integer", "minimum": 1}, object{"type": "string", "pattern": "^" + layer + "$"}}}
		return object{"oneOf": []any{object{"type": "array", "minItems": 2, "items": unit}, object{"type": "string", "pattern": "^" + layer + "(-" + layer + ")+$"}}}
	case reflect.TypeFor[TaskConfig]():
		s := structSchema(t)
		s["additionalProperties"] = option // options of the task
		s["required"] = []string{"name"}
		return object{"oneOf": []any{name, s}}
	case reflect.TypeFor[MethodConfig]():
		s := structSchema(t)
		s["additionalProperties"] = option
		s["required"] = []string{"name"}
		return object{"oneOf": []any{name, s}}
	case reflect.TypeFor[BaselineConfig](), reflect.TypeFor[TermConfig]():
		return object{"oneOf": []any{object{"type": []string{"string", "number"}}, structSchema(t)}}
	case reflect.TypeFor[LearnerConfig]():
		s := structSchema(t)
		properties := s["properties"].(object)
		for _, e := range credit.Catalogue() {
			for _, o := range e.Settings() {
				doc := fmt.Sprintf("%s; default %s", o.Doc, o.Default)
				if old, ok := properties[o.Name].(object); ok {
					if strings.Contains(old["description"].(string), doc) {
						continue
					}
					doc = fmt.Sprint(old["description"]) + "; " + doc
				}
				properties[o.Name] = object{"type": option["type"], "description": doc}
			}
		}
		return s
	case reflect.TypeFor[SearchConfig]():
		s := structSchema(t)
		properties := s["properties"].(object)
		for _, e := range method.Catalogue() {
			for _, o := range e.Options {
				doc := fmt.Sprintf("%s: %s; default %s", e.Name, o.Doc, o.Default)
				if old, ok := properties[o.Name].(object); ok {
					doc = fmt.Sprint(old["description"]) + "; " + doc
				}
				properties[o.Name] = object{"type": option["type"], "description": doc}
			}
		}
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice:
		items := schemaOf(t.Elem())
		// One item may stand without its list.
		return object{"anyOf": []any{object{"type": "array", "items": items}, items}}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return object{"type": "number"}
	}
	panic("config: no schema for " + t.String())
}

func structSchema(t reflect.Type) object {
	properties := object{}
	addProperties(properties, t)
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

func addProperties(properties object, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			addProperties(properties, f.Type)
			continue
		}
		k := f.Tag.Get("key")
		if k == "" {
			continue
		}
		s := schemaOf(f.Type)
		s["description"] = f.Tag.Get("doc")
		if e := f.Tag.Get("enum"); e != "" {
			word := s
			if f.Type.Kind() == reflect.Slice {
				word = s["anyOf"].([]any)[1].(object) // the items are the same object
			}
			word["enum"] = strings.Split(e, ",")
		}
		for tag, word := range map[string]string{"min": "minimum", "max": "maximum"} {
			if v, err := strconv.ParseFloat(f.Tag.Get(tag), 64); err == nil && f.Type.Kind() != reflect.Slice {
				s[word] = v
			}
		}
		properties[k] = s
	}
}
