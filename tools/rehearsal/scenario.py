"""The scenario of a rehearsal: an engineer operates a stack from first deployment to removal, and users sign in."""

from collections.abc import Callable

from tools.rehearsal import attached_service, endings, first_days, later_days
from tools.rehearsal.run import Run

type ScenarioStep = tuple[str, Callable[[Run], None]]
"""The title of a step, and the function that runs it. It raises RehearsalError at the first difference from the
documentation."""

STEPS: tuple[ScenarioStep, ...] = (
    ("First deployment", first_days.deploy),
    ("First operator and first practice", first_days.create_practice),
    ("Sign-in by an invitation", first_days.sign_in_by_link),
    ("A service behind the sign-in, in a browser and in an app", attached_service.attach),
    ("Mail status", first_days.report),
    ("Sign-in by PIN", first_days.sign_in_by_pin),
    ("Help for a locked-out client, in the console", first_days.help_in_console),
    ("Sign-in with Google", first_days.sign_in_with_provider),
    ("Key rotation", later_days.rotate),
    ("Update to the next version", later_days.update),
    ("Restore of a table", later_days.restore),
    ("Export and erasure of a client", later_days.erase),
    ("Audit archive", later_days.verify_audit),
    ("Protection from deletion", endings.protect),
    ("Removal and return", endings.reinstall),
    ("A region that is lost", endings.lose_region),
    ("Removal", endings.remove),
)
