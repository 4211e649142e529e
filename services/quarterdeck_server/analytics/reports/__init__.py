"""Reports for people: what a tearsheet and its tables say, and the forms they are written in.

Pure: numbers in, a description of pages or of a table, bytes out. There is one description of a
tearsheet, ``tearsheet``, and two renderers of it, ``html`` and ``pdf``; charts are pictures of
lines and boxes, ``picture``, that both draw. Tables are ``sheet``, written by ``formats`` and by
``runtime.files``, which writes the tables of every area.
"""
