"""The REPL driver that a stock Livy 0.7.1 server starts, in Java, and its Python child.

Maven Central serves Livy's server and RSC jars but no REPL jar, so this is ours; it behaves as
Livy 0.9's does. `build.build_driver` compiles it at first use.
"""
