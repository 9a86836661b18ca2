// Package network computes multi-layer perceptrons: layers of rate units
// joined by connections whose weights lie in device arrays.
//
// All arithmetic is strict float32 (see internal/vec), so a network gives the
// same bits on every machine and a sample gets the same bits in any batch.
// The package runs networks forward and knows their losses; how they learn is
// the business of package credit. It imports device, vec and the seed keys.
package network
