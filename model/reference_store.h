// The reference model: the contract's data semantics in the simplest code that can state them. One thread, no disk,
// no cleverness, nothing shared with the product but the public types.
