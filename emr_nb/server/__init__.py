"""What JupyterLab's sidebar asks: thin routes over the code that the magics use.

A route is a row of `table.py`: method, path, what it takes and gives (models), and the function
that answers. The function is synchronous and knows nothing of HTTP; `handlers.py` reads the
request, runs it on a bounded pool, and writes its answer or its error.
"""
