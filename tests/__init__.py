"""The tests: a package, since a library that the tests install brings one of the same name."""
