"""What Delta's devices mean."""

from collections.abc import Mapping

from services.driver.protocols.hid.table import Known

MODEL = "UPS.DeltaCustom.[1].DeltaModelName"


def identify(known: Known, answers: Mapping[str, str]) -> dict[str, str]:
    """Name a device; its reports know the model better than its USB texts."""
    parts = {
        "ups.mfr": known.identity.maker or "Delta",
        "ups.model": answers.get(MODEL) or known.identity.product or "",
        "ups.serial": known.identity.serial or "",
    }
    return {name: text for name, text in parts.items() if text}
