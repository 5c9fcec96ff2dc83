# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto: the AWS interfaces that the runbook uses, answered on loopback."""

from __future__ import annotations

from sandbox.addresses import LOOPBACK
from sandbox.services.service import Service, Site, answers
from sandbox.supervisor import Program


def _program(site: Site) -> Program:
    return Program("moto", [str(site.program("moto_server")), "-H", LOOPBACK, "-p", str(site.ports["moto"])])


MOTO = Service(
    "moto",
    needs=(),
    program=_program,
    ready=lambda site: answers(f"http://{site.ports.at('moto')}/moto-api/data.json") == 200,
    timeout=90,
)
