"""The wire. A warning with every request that is not verified tells nobody anything new."""

import warnings

warnings.filterwarnings("ignore", "Unverified HTTPS request")
