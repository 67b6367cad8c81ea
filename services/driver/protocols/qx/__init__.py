"""Q1 and its relatives: the dialects that NUT's nutdrv_qx speaks, as tables, and what reads them."""
