"""The wire. A warning with every request that is not verified tells nobody anything new."""

import warnings

from urllib3.exceptions import InsecureRequestWarning

warnings.simplefilter("ignore", InsecureRequestWarning)
