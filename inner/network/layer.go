package network

import (
	"fmt"
	"strconv"
	"strings"
)

// Layer is a layer as people write it:
//
//	128        units
//	28x28      an input image, 28x28x3 with channels
//	c8k5z2p2   a convolution with 8 filters
//
// What may stand behind the number of filters, in any order, is N or
// HEIGHTxWIDTH each:
//
//	k5         kernel, of a patch; has to be there
//	s2         stride, from one patch to the next; default 1
//	z2         zeros on either side of the image; default 0
//	p2         maximum over windows of positions (pooling)
//	a2         mean over windows of positions (pooling)
//	p4/2       with the stride of the windows, their size by default
//
// The zero Layer has the size that the task asks for.
type Layer struct {
	Units       int // of a layer that is no image
	Image       Image
	Convolution Convolution // of a layer with filters
}

// maxUnits keeps a typing error from taking all memory.
const maxUnits = 1 << 20

// layerParts are the letters of ParseLayer with what they mean.
const layerParts = "k (kernel), s (stride), z (zeros around the image), p (maximum of a window), a (mean of a window)"

// ParseLayer reads a layer.
func ParseLayer(text string) (Layer, error) {
	switch {
	case len(text) > 1 && text[0] == 'c' && '0' <= text[1] && text[1] <= '9':
		c, err := parseConvolution(text)
		return Layer{Convolution: c}, err
	case len(text) > 1 && strings.IndexByte("kszpa", text[0]) >= 0 && '0' <= text[1] && text[1] <= '9':
		return Layer{}, configErrorf("%q is not a layer: a convolution begins with its filters, such as c8%s", text, text)
	case text != "" && '0' <= text[0] && text[0] <= '9' && strings.Contains(text, "k"):
		return Layer{}, configErrorf("%q is not a layer: a convolution begins with c, as in c%s", text, text)
	case strings.Contains(text, "x") && text[0] != 'x':
		i, ok := parseImage(text)
		if !ok {
			return Layer{}, configErrorf("%q is not an image of up to %d units; write HEIGHTxWIDTH or HEIGHTxWIDTHxCHANNELS", text, maxUnits)
		}
		return Layer{Image: i}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxUnits {
		return Layer{}, configErrorf("%q is not a number of units from 1 to %d", text, maxUnits)
	}
	return Layer{Units: n}, nil
}

func parseImage(text string) (i Image, ok bool) {
	sides := []*int{&i.Height, &i.Width, &i.Channels}
	i.Channels = 1
	parts := strings.Split(text, "x")
	if len(parts) > len(sides) {
		return i, false
	}
	units := 1
	for k, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > maxUnits {
			return i, false
		}
		*sides[k] = n
		units *= n
		if units > maxUnits {
			return i, false
		}
	}
	return i, true
}

func parseConvolution(text string) (c Convolution, err error) {
	seen := ""
	for rest := text; rest != ""; {
		letter := rest[:1]
		end := 1
		for end < len(rest) && strings.IndexByte("0123456789x/", rest[end]) >= 0 {
			end++
		}
		part, value := rest[:end], rest[1:end]
		rest = rest[end:]
		kind := letter
		if kind == "a" {
			kind = "p"
		}
		if strings.Contains(seen, kind) {
			return c, configErrorf("%q: %s says again what stands before it", text, part)
		}
		seen += kind
		ok := false
		switch letter {
		case "c":
			c.Filters, err = strconv.Atoi(value)
			ok = err == nil && 1 <= c.Filters && c.Filters <= maxUnits
		case "k":
			c.Kernel, ok = parseExtent(value, 1)
		case "s":
			c.Stride, ok = parseExtent(value, 1)
		case "z":
			c.Padding, ok = parseExtent(value, 0)
		case "p", "a":
			size, stride, apart := strings.Cut(value, "/")
			c.Pooling.Average = letter == "a"
			c.Pooling.Size, ok = parseExtent(size, 1)
			if apart && ok {
				c.Pooling.Stride, ok = parseExtent(stride, 1)
			}
		default:
			return c, configErrorf("%q: %s is not a part of a convolution; those are %s", text, letter, layerParts)
		}
		if !ok {
			return c, configErrorf("%q: %s needs a number or HEIGHTxWIDTH, such as c8k5p2", text, part)
		}
	}
	if c.Kernel == (Extent{}) {
		return c, configErrorf("%q has no kernel; write %sk3 for one of 3×3", text, text)
	}
	return c, nil
}

func parseExtent(text string, least int) (e Extent, ok bool) {
	height, width, both := strings.Cut(text, "x")
	if !both {
		width = height
	}
	var err, other error
	e.Height, err = strconv.Atoi(height)
	e.Width, other = strconv.Atoi(width)
	return e, err == nil && other == nil && min(e.Height, e.Width) >= least && max(e.Height, e.Width) <= maxUnits
}

// String is the text of a layer, empty for one that follows the task.
func (l Layer) String() string {
	switch {
	case l.Convolution.Filters > 0:
		return l.Convolution.String()
	case l.Image != Image{}:
		if l.Image.Channels == 1 {
			return fmt.Sprintf("%dx%d", l.Image.Height, l.Image.Width)
		}
		return fmt.Sprintf("%dx%dx%d", l.Image.Height, l.Image.Width, l.Image.Channels)
	case l.Units > 0:
		return strconv.Itoa(l.Units)
	}
	return ""
}

// String is the convolution as ParseLayer reads it.
func (c Convolution) String() string {
	c = c.resolve()
	s := "c" + strconv.Itoa(c.Filters) + "k" + c.Kernel.String()
	if c.Stride != one {
		s += "s" + c.Stride.String()
	}
	if c.Padding != (Extent{}) {
		s += "z" + c.Padding.String()
	}
	if p := c.Pooling; p.Size != one || p.Stride != one {
		letter := "p"
		if p.Average {
			letter = "a"
		}
		s += letter + p.Size.String()
		if p.Stride != p.Size {
			s += "/" + p.Stride.String()
		}
	}
	return s
}

func (e Extent) String() string {
	if e.Height == e.Width {
		return strconv.Itoa(e.Height)
	}
	return fmt.Sprintf("%dx%d", e.Height, e.Width)
}

// Layers are the layers of the network, input first.
func (c Config) Layers() []Layer {
	layers := make([]Layer, len(c.Sizes))
	for i, n := range c.Sizes {
		switch {
		case i == 0 && len(c.Convolutions) > 0:
			layers[i].Image = c.Image
		case 0 < i && i <= len(c.Convolutions):
			layers[i].Convolution = c.Convolutions[i-1]
		default:
			layers[i].Units = n
		}
	}
	return layers
}

// WithLayers returns c with these layers.
func (c Config) WithLayers(layers []Layer) (Config, error) {
	c.Sizes, c.Image, c.Convolutions = make([]int, len(layers)), Image{}, nil
	for i, l := range layers {
		switch {
		case l.Convolution.Filters > 0 && (len(c.Convolutions) != i-1 || c.Image == Image{}):
			return c, configErrorf("layer %d, %v, is a convolution and needs an image below: the input, such as 28x28, or another convolution", i, l)
		case l.Convolution.Filters > 0:
			c.Convolutions = append(c.Convolutions, l.Convolution)
		case l.Image != Image{} && i > 0:
			return c, configErrorf("layer %d, %v, is an image; only the input is written so", i, l)
		case l.Image != Image{}:
			c.Image, c.Sizes[0] = l.Image, l.Image.Units()
		default:
			c.Sizes[i] = l.Units
		}
	}
	if len(c.Convolutions) == 0 {
		c.Image = Image{}
	}
	return c, nil
}
