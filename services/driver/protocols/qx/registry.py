"""The dialects in the order in which they are tried: the first that a device speaks counts."""

from services.driver.protocols.qx.ablerex import ABLEREX
from services.driver.protocols.qx.bestups import BESTUPS
from services.driver.protocols.qx.gtec import GTEC
from services.driver.protocols.qx.hunnox import HUNNOX
from services.driver.protocols.qx.innovart31 import INNOVART31
from services.driver.protocols.qx.innovart33 import INNOVART33
from services.driver.protocols.qx.innovatae import INNOVATAE
from services.driver.protocols.qx.masterguard import MASTERGUARD
from services.driver.protocols.qx.mecer import MECER
from services.driver.protocols.qx.megatec import MEGATEC
from services.driver.protocols.qx.megatec_old import MEGATEC_OLD
from services.driver.protocols.qx.mustek import MUSTEK
from services.driver.protocols.qx.omron import OMRON
from services.driver.protocols.qx.q1 import Q1
from services.driver.protocols.qx.q2 import Q2
from services.driver.protocols.qx.q6 import Q6
from services.driver.protocols.qx.table import Dialect
from services.driver.protocols.qx.voltronic import VOLTRONIC
from services.driver.protocols.qx.voltronic_axpert import VOLTRONIC_AXPERT
from services.driver.protocols.qx.voltronic_qs import VOLTRONIC_QS
from services.driver.protocols.qx.voltronic_qs_hex import VOLTRONIC_QS_HEX
from services.driver.protocols.qx.zinto import ZINTO

DIALECTS: tuple[Dialect, ...] = (
    OMRON,
    VOLTRONIC,
    VOLTRONIC_AXPERT,
    VOLTRONIC_QS,
    VOLTRONIC_QS_HEX,
    MUSTEK,
    MEGATEC_OLD,
    BESTUPS,
    MECER,
    MEGATEC,
    ZINTO,
    MASTERGUARD,
    HUNNOX,
    ABLEREX,
    INNOVART31,
    INNOVART33,
    INNOVATAE,
    Q2,
    Q6,
    GTEC,
    Q1,
)
