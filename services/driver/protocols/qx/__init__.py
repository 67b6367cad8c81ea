"""Q1 and its relatives: the dialects of NUT's nutdrv_qx as tables, and what reads them."""
