"""NUT's command-line clients, for any NUT server: upsc, upscmd, upsrw and upslog."""
