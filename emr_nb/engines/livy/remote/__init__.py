"""The code that runs in a cluster's Python session: shipped as data, never imported here.

Its modules parse as Python 3.7, need nothing but pyspark, and import one another relatively:
`engines.livy.code` installs them in the session as one package named after their content.
"""
