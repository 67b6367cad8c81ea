"""USB devices of NUT's drivers other than usbhid-ups; written by tools/udev-rules.

Vendor, product, and the driver: of several for one device the first.
"""

OTHERS: tuple[tuple[str, str, str], ...] = (
    ("05b8", "0000", "nutdrv_qx"),
    ("ffff", "0000", "nutdrv_qx"),
    ("1cb0", "0035", "nutdrv_qx"),
    ("0665", "5161", "nutdrv_qx"),
    ("06da", "0002", "nutdrv_qx"),
    ("06da", "0003", "nutdrv_qx"),
    ("06da", "0004", "nutdrv_qx"),
    ("06da", "0005", "nutdrv_qx"),
    ("06da", "0201", "nutdrv_qx"),
    ("06da", "0601", "nutdrv_qx"),
    ("0f03", "0001", "nutdrv_qx"),
    ("14f0", "00c9", "nutdrv_qx"),
    ("1a86", "7523", "nutdrv_qx"),
    ("0483", "0035", "nutdrv_qx"),
    ("0590", "00b7", "nutdrv_qx"),
    ("0001", "0000", "nutdrv_qx"),
    ("0925", "1234", "nutdrv_qx"),
    ("0592", "0002", "bcmxcp_usb"),
    ("03f0", "1f01", "bcmxcp_usb"),
    ("03f0", "1f02", "bcmxcp_usb"),
    ("04b4", "5500", "riello_usb"),
    ("09ae", "0001", "tripplite_usb"),
)
