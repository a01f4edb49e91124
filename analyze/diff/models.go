package diff

import (
	"slices"
)

// matched is a model with its runs on both sides.
type matched struct {
	base, new []*Run
	by        string
}

// matchers are what models are recognised by, the surest first.
var matchers = []struct {
	name string
	of   func(modelID) string // empty when it can't tell
}{
	{"sha256", func(m modelID) string { return m.sha256 }},
	{"name", func(m modelID) string {
		if m.path == "" {
			return "" // its name is the process's
		}
		return m.name
	}},
	{"structure", func(m modelID) string { return m.structure }},
}

// matchModels pairs the models of two sides. What has no counterpart is returned with its runs.
func matchModels(base, new []*Run) (pairs []matched, baseOnly, newOnly [][]*Run) {
	baseOnly, newOnly = byModel(base), byModel(new)
	for _, m := range matchers {
		left := baseOnly[:0]
		for _, b := range baseOnly {
			key := m.of(b[0].model)
			at := slices.IndexFunc(newOnly, func(n []*Run) bool { return key != "" && m.of(n[0].model) == key })
			if at < 0 {
				left = append(left, b)
				continue
			}
			pairs = append(pairs, matched{b, newOnly[at], m.name})
			newOnly = slices.Delete(newOnly, at, at+1)
		}
		baseOnly = left
	}
	return pairs, baseOnly, newOnly
}

// byModel puts runs of the same model together, in order of appearance.
func byModel(runs []*Run) [][]*Run {
	var models [][]*Run
	at := make(map[string]int)
	for _, r := range runs {
		key := r.model.sha256
		if key == "" {
			key = r.model.path + "\n" + r.model.structure
		}
		i, known := at[key]
		if !known {
			i = len(models)
			at[key] = i
			models = append(models, nil)
		}
		models[i] = append(models[i], r)
	}
	return models
}
