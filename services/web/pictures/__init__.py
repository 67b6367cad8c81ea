"""Pictures drawn as SVG: values over time, several in one chart, with a table for who cannot see.

Everything in them that comes from outside is text. There is no style in them: shapes have classes,
which the site's style sheet may colour, and attributes for where there is none.
"""
