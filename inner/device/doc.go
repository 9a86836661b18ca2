// Package device holds the weights of a connection the way a piece of hardware
// would: an Array multiplies, multiplies by its transpose and takes updates.
// The ideal array is a plain matrix and costs nothing extra.
//
// It knows nothing of networks or rules and imports only vec.
package device
