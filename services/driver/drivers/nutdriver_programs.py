"""The drivers that NUT ships, by the names that ups.conf gives them (its docs/man, up to 2.8.6)."""

from typing import Final

_NAMES: Final = """
    adelsystem_cbi al175 apc_modbus apcmicrolink apcsmart apcsmart-old apcupsd-ups asem bcmxcp
    bcmxcp_usb belkin belkinunv bestfcom bestfortress bestuferrups bestups bicker_ser blazer_ser
    blazer_usb etapro everups gamatronic generic_gpio_libgpiod generic_modbus genericups
    huawei-ups2000 hwmon_ina219 isbmex ivtscd liebert liebert-esp2 liebert-gxe macosx-ups
    masterguard meanwell_ntu metasys mge-shut mge-utalk microdowell microsol-apc must_ep2000pro
    netxml-ups nhs_ser nut-ipmipsu nut-upower nutdrv_atcl_usb nutdrv_hashx nutdrv_qx
    nutdrv_siemens-sitop oneac optiups phoenixcontact_modbus pijuice powercom powerman-pdu
    powerpanel powervar_cx_ser powervar_cx_usb ragtech rhino richcomm_usb riello_ser riello_usb
    safenet sms_ser snmp-ups socomec_jbus solis tripplite tripplite_usb tripplitesu upscode2
    usbhid-ups ve-direct victronups
"""
PROGRAMS: Final = frozenset(_NAMES.split())
"""Those that stand on other drivers or on a file have no hardware behind them and are not here."""
