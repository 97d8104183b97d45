#!/bin/sh
# Prometheus and Alertmanager for the tests that need real ones: Debian's packages, where we may install them.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		prometheus prometheus-alertmanager >/dev/null
else
	echo "Prometheus is not installed: the tests that need it are skipped (on Debian: apt-get install prometheus prometheus-alertmanager)"
fi
