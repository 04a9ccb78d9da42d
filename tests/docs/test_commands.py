"""Every command in README and docs exists, and is run by a test or has a reason why not."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from edge_vad.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
PAGES += [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples/README.md"]

_OURS = re.compile(
    r"(sudo )?(edge-vad |make |pytest |pip |python (?:tools|examples)/|tools/\S+\.py )"
)
_MENTION = re.compile(r"edge-vad [a-z]+")
_FOREIGN = {
    "apt": "installs",
    "./secrets.sh": "makes the secrets of containers; tests/deploy runs it",
    "cd": "changes the folder",
    "docker": "needs an engine of containers",
    "echo": "writes a file",
    "export": "sets a variable of the shell",
    "git": "reads the history",
    "nvidia-smi": "needs a driver of NVIDIA's",
    "openssl": "makes a random token",
    "pip": "installs; the extras are looked up",
    "pipx": "installs",
    "pre-commit": "changes the checkout's hooks; it runs `make check`",
    "python3": "is Python itself",
    "pytest": "is the tests; the paths are looked up",
    "ray": "starts a cluster on several machines; `make ray` starts one here",
    "source": "changes the shell",
    "tritonserver": "is NVIDIA's server; `make triton` runs it",
    "ssh": "needs another machine",
    "systemctl": "changes the system",
    "uv": "installs; `tools/check_installs.py` runs it",
    "uvx": "installs; `tools/check_installs.py` runs it",
}
"""Commands of others, and why no test runs them."""

RUN = {
    "edge-vad score --out": "test_every_source_gets_a_folder_with_its_scores",
    "edge-vad score --dry-run --out": "test_a_dry_run_says_what_would_be_done_and_writes_nothing",
    "edge-vad --help": "test_no_markup_is_left_in_the_help",
    "edge-vad --version": "test_the_version_is_printed",
    "edge-vad bench --contribute --out --source": (
        "test_a_contribution_has_all_figures_and_no_name"
    ),
    "edge-vad bench --flow-table --format --labels --out --source": (
        "test_a_unit_is_measured_on_the_same_pairs_and_told_apart"
    ),
    "edge-vad bench --flow-table --out --source": (
        "test_the_table_holds_dis_and_says_why_others_are_not_here"
    ),
    "edge-vad bench --handicap": "test_an_injected_delay_is_measured_and_noted",
    "edge-vad bench --only --out --source": "test_the_report_has_it_apart_from_what_was_measured",
    "edge-vad bench --out --source": "test_it_measures_the_whole_way_and_every_stage",
    "edge-vad cameras": "test_every_camera_is_said_in_a_line_with_what_hinders_it",
    "edge-vad cameras --onvif": (
        "test_a_camera_that_is_found_is_named_in_a_site_and_its_picture_is_seen"
    ),
    "edge-vad completion": "test_the_file_is_written_where_the_shell_looks",
    "edge-vad completion --print --shell": (
        "test_printing_changes_nothing_and_the_shell_finds_no_fault_in_it"
    ),
    "edge-vad compare --max-regression": (
        "test_the_command_fails_on_a_regression_and_passes_without"
    ),
    "edge-vad config add": (
        "test_the_address_of_a_network_camera_is_kept_apart_for_its_owner_alone"
    ),
    "edge-vad config add --login-file": (
        "test_a_camera_that_is_found_is_named_in_a_site_and_its_picture_is_seen"
    ),
    "edge-vad config add --source-file": ("test_a_camera_without_a_name_is_called_by_its_address"),
    "edge-vad config check": "test_a_site_that_can_run_is_said_in_a_line_a_camera",
    "edge-vad config ignore": "test_regions_are_added_to_those_that_are_ignored",
    "edge-vad config source": ("test_a_camera_gets_another_source_and_what_is_said_of_it_stays"),
    "edge-vad config notify": (
        "test_somebody_is_notified_once_by_an_address_that_stays_in_its_file"
    ),
    "edge-vad config notify --picture": (
        "test_somebody_is_notified_once_by_an_address_that_stays_in_its_file"
    ),
    "edge-vad doctor": "test_the_table_ends_with_the_next_command",
    "edge-vad doctor --json": "test_every_backend_is_usable_or_has_a_reason_and_a_mend",
    "edge-vad eval": "test_several_scenes_are_seeds_of_one_table",
    "edge-vad eval --pixel": "test_pixels_and_regions_are_measured_when_asked",
    "edge-vad eval --false-alarms --normal": "test_normal_footage_is_measured_against_the_promise",
    "edge-vad eval --format": "test_a_synthetic_street_is_told_by_kind",
    "edge-vad export --calibration --int8 --out": (
        "test_whole_numbers_from_a_scene_model_run_like_any_other"
    ),
    "edge-vad export --compute-capability --engine --target": (
        "test_an_engine_is_built_without_a_gpu"
    ),
    "edge-vad export --engine": "test_an_engine_is_built_and_watches_as_onnx_runtime_does",
    "edge-vad export --fp16 --out": (
        "test_half_precision_from_a_training_is_proved_on_its_own_frames"
    ),
    "edge-vad export --frames --motion-in-graph --out": (
        "test_a_scene_with_motion_inside_decides_as_the_one_without"
    ),
    "edge-vad export --frames --input --motion-in-graph --out": (
        "test_a_scene_takes_the_cameras_own_pictures"
    ),
    "edge-vad export --fp16 --frames --out": "test_its_encoders_may_compute_in_half_precision",
    "edge-vad export --frames --triton": ("test_the_command_writes_it_and_says_what_comes_next"),
    "edge-vad export --out": "test_the_written_scene_scores_as_the_trained_one",
    "edge-vad init": "test_at_a_terminal_it_asks_again_where_an_answer_cannot_be",
    "edge-vad init --onvif": (
        "test_network_cameras_are_chosen_by_number_and_their_login_is_asked_for_once"
    ),
    "edge-vad init --serve": "test_a_camera_becomes_a_site_that_is_watched",
    "edge-vad init --yes": (
        "test_a_fresh_folder_becomes_a_site_and_a_second_time_nothing_is_done_twice"
    ),
    "edge-vad init --duration --yes": (
        "test_a_fresh_folder_becomes_a_site_and_a_second_time_nothing_is_done_twice"
    ),
    "edge-vad notify --config": (
        "test_a_test_message_goes_to_everyone_and_the_next_command_is_printed"
    ),
    "edge-vad record --config --duration": (
        "test_the_cameras_of_a_site_are_recorded_where_it_says"
    ),
    "edge-vad record --duration --out": "test_given_again_it_records_what_is_missing_and_no_more",
    "edge-vad record --max-size --out": "test_a_size_that_is_reached_ends_it_and_is_said",
    "edge-vad report": "test_a_folder_of_reports_becomes_one_page_where_one_is",
    "edge-vad report --out": "test_the_command_writes_both",
    "edge-vad run": "test_a_camera_is_watched_for_a_while_and_its_events_are_said",
    "edge-vad run --backend --out": "test_an_engine_is_built_and_watches_as_onnx_runtime_does",
    "edge-vad run --config": "test_sigterm_ends_a_site_within_five_seconds_with_its_events_flushed",
    "edge-vad run --config --edit-token-file --serve": (
        "test_a_camera_is_added_a_zone_drawn_its_event_seen_its_rate_changed_and_all_removed"
    ),
    "edge-vad run --duration --out": (
        "test_a_second_run_at_a_folder_is_refused_and_the_first_loses_nothing"
    ),
    "edge-vad run --false-alarms": "test_a_camera_is_watched_for_a_while_and_its_events_are_said",
    "edge-vad run --false-alarms --out": ("test_a_threshold_beyond_the_normal_footage_is_told"),
    "edge-vad run --out": "test_it_writes_video_scores_events_and_timeline",
    "edge-vad run --serve": "test_a_run_ends_within_five_seconds_while_somebody_looks",
    "edge-vad score --maps --out": "test_maps_hold_one_map_a_frame",
    "edge-vad selftest": "test_a_selftest_of_ones_own_scene_compares_and_names_what_is_absent",
    "edge-vad serve": "test_stored_events_are_shown_while_they_are_written",
    "edge-vad serve --sites": (
        "test_boxes_named_on_the_command_line_have_their_tokens_in_variables"
    ),
    "edge-vad serve --cert-file --key-file --listen --sites --token-file": (
        "test_boxes_of_a_file_are_shown_over_tls_until_ctrl_c"
    ),
    "edge-vad service --config": (
        "test_the_unit_is_written_and_started_and_starts_with_the_machine"
    ),
    "edge-vad service --config --print": (
        "test_printing_the_unit_changes_nothing_and_systemd_finds_no_fault_in_it"
    ),
    "edge-vad site budget": "test_without_a_rate_what_the_sites_say_is_divided_anew",
    "edge-vad site budget --false-alarms": (
        "test_a_budget_is_divided_among_boxes_and_every_box_divides_its_part_alike"
    ),
    "edge-vad site budget --false-alarms --write": (
        "test_a_budget_is_divided_among_boxes_and_every_box_divides_its_part_alike"
    ),
    "edge-vad snapshot --camera --config --grid --out": (
        "test_a_camera_of_a_site_is_shown_with_lines_that_say_where_its_pixels_are"
    ),
    "edge-vad snapshot --out": (
        "test_the_first_picture_of_a_street_is_written_for_its_owner_alone"
    ),
    "edge-vad site key": "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one",
    "edge-vad site push": "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one",
    "edge-vad site rollback": "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one",
    "edge-vad site push --key --to": "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one",
    "edge-vad site push --dry-run --key --to": (
        "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one"
    ),
    "edge-vad site rollback --config": (
        "test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one"
    ),
    "edge-vad train --config --dry-run": (
        "test_what_is_made_is_not_made_again_and_what_is_lost_comes_back"
    ),
    "edge-vad train --config": "test_every_camera_of_a_site_is_learnt_from_its_own_footage",
    "edge-vad train --duration --out": "test_a_camera_is_recorded_and_then_learnt",
    "edge-vad train --ignore --out": (
        "test_what_train_and_export_say_names_the_region_and_it_survives_the_export"
    ),
    "edge-vad train --out": "test_a_video_becomes_a_scene_and_the_next_command_works_as_printed",
    "edge-vad train --out --recipe": "test_the_papers_recipe_is_trained_by_the_same_command",
    "edge-vad train --recipe": "test_the_papers_recipe_is_trained_by_the_same_command",
    "edge-vad verify": "test_single_precision_is_its_own_reference",
    "edge-vad verify --format --labels --reference": "test_labels_give_the_auc_that_eval_gives",
    "examples/01_score_a_recording/score.py street.onnx tomorrow.mp4": (
        "test_a_recording_is_scored_and_its_alarm_printed"
    ),
    "examples/02_count_a_day/count.py watched": "test_the_events_of_each_hour_are_counted",
    "examples/03_receive_webhooks/receive.py 8080": (
        "test_a_signed_change_is_taken_once_and_another_not_at_all"
    ),
    "examples/04_ask_the_page/newest.py http://127.0.0.1:8420": (
        "test_the_page_tells_of_events_until_they_are_seen"
    ),
    "make help": "test_make_help_lists_every_target",
    "tools/architecture.py": "test_a_circle_of_folders_is_found_however_it_is_imported",
    "tools/check_delivery.py --away 60": (
        "test_no_event_is_lost_while_the_broker_is_away_nor_across_a_kill"
    ),
    "tools/sizing.py": "test_the_page_holds_what_the_tool_prints",
    "tools/sizing.py board.json": "test_the_page_holds_what_the_tool_prints",
    "tools/check_http.py SCENE": "test_eleven_hundred_idle_callers_cost_cameras_next_to_nothing",
    "tools/check_full_disk.py --full 20": (
        "test_a_full_disk_stops_neither_cameras_nor_mqtt_and_the_store_recovers"
    ),
    "tools/check_nothing_lost.py": "test_the_named_check_passes_in_its_short_form",
    "tools/check_first_hour.py": (
        "test_a_fresh_folder_becomes_a_site_whose_alarm_reaches_a_phone_with_its_picture"
    ),
    "tools/check_recording.py": (
        "test_three_minutes_of_a_1080p_camera_survive_two_kills_for_a_tenth_of_a_core"
    ),
    "tools/hostile.py": "test_some_cases_of_each_kind_of_file_break_no_rule",
    "tools/live_checks.py soak street.onnx --minutes 2": (
        "test_memory_threads_and_descriptors_stay_flat"
    ),
    "tools/options_table.py": "test_the_table_of_options_is_that_of_the_settings",
    "tools/scenes.py --data DATA": "test_only_labelled_scenes_have_several_seeds",
    "tools/scenes.py --data DATA --folds --precisions": (
        "test_folds_and_precisions_are_added_to_what_is_known"
    ),
    "tools/scenes.py --data DATA --quick": (
        "test_quick_measures_the_labelled_scenes_and_an_office_hour_once"
    ),
    "tools/scenes.py --leave-one-out benchmarks/evidence": (
        "test_leaving_one_out_reads_folders_of_evidence"
    ),
    "tools/scenes.py --quick --set latent=4": (
        "test_what_is_known_is_not_measured_again_unless_it_is_asked_for"
    ),
    "tools/motion_parity.py street.motion.onnx street.onnx --footage UCSDped2 --format ucsd": (
        "test_the_tool_that_measures_parity_tells_the_same_motion_from_another"
    ),
    "tools/scenes.py --table": "test_the_table_is_made_of_evidence_alone",
}
"""Command to a test that runs it, on other files, in sizes and times that suit a test.

Of `edge-vad`, the test's file gives all of these options.
"""

NOT_RUN = {
    "edge-vad score --out --ray": "needs a cluster; `make ray` runs it with one of its own",
    "edge-vad score --out --ray --workers": "is the same on other machines",
    "edge-vad train --config --ray": "needs a cluster; `make ray` runs it with one of its own",
    "make ray": "installs Ray and works for minutes; tests/runtime/bulk needs none",
    "edge-vad train --flow --out": "needs a flow unit; its refusal is tested in tests/train",
    "edge-vad train --flow": "is `train`, and a choice that tests/train/test_settings.py reads",
    "edge-vad export --engine --fp16": "is `export --fp16` and `export --engine`, which are run",
    "edge-vad run --config --serve": "is `run --config` and `run --serve`, which are run",
    "edge-vad run --config --serve --token-file": (
        "is the same and the token of `serve`, which is run"
    ),
    "edge-vad run --cert-file --config --key-file --serve --token-file": (
        "is the same and TLS, which tests/runtime/sinks/page/test_access.py speaks"
    ),
    "edge-vad run --display": "needs a display and an OpenCV with windows",
    "edge-vad run --out --serve": "is `run --out` and `run --serve`, which are run",
    "edge-vad verify --engine --format --labels --reference": (
        "needs a GPU; `verify --labels` is run, and `verify --engine` on a simulated one"
    ),
    "edge-vad verify --engine --frames --reference": (
        "needs a GPU; `verify --engine --frames` is run on a simulated one"
    ),
    "make budget": "takes many minutes; a test draws the tails, and the commands of a box are run",
    "tools/check_budget.py boxes": "learns four scenes and watches for hours of their time",
    "tools/check_budget.py tails --runs 1": "is a part of `make budget`",
    "tools/check_budget.py boxes --made": "is a part of `make budget`",
    "make check": "runs ruff, mypy and lint-imports; `make test` begins with it",
    "make coverage": "runs the tests themselves",
    "make coverage COVERAGE_TESTS=tests/runtime/alarms": "runs tests themselves",
    "make docs": "builds the site and tries it; `.ci/run` runs it",
    "make demo": "takes minutes; its steps are train, export, run and eval, which are run",
    "make first-hour": "takes minutes; it is `tools/check_first_hour.py`, which a long test runs",
    "make hostile": "takes two minutes; `.ci/run` runs it",
    "make push": "takes some minutes; it is `tools/check_push.py`, which a long test runs",
    "make sites": "runs tests/runtime/overview/test_sites.py",
    "make triton": "builds a server's backend and takes many minutes",
    "make test": "runs the tests themselves; `.ci/run` runs it",
    "make test-long": "runs the tests themselves",
    "make test-newest": "installs other versions; `.ci/run` runs it",
    "make usb": "boots a machine in QEMU, which takes many minutes where there is no KVM",
    "make typecheck": "installs three releases of TensorRT; `.ci/run` runs it",
    "tools/check_compare.py street.onnx --source street.mp4 --pairs 10": (
        "takes 20 benchmarks on a quiet machine"
    ),
    "edge-vad bench": "is `bench --out`, which is run",
    "edge-vad demo --out": "takes minutes; its steps, train to run, are run",
    "edge-vad run --backend --out --serve": "is `run --backend --out` and `run --serve`, both run",
    "make arm": "makes an arm64 Debian under QEMU, which takes minutes",
    "make images": "builds images, which takes minutes; hadolint is run by tests/deploy",
    "make installs": "installs everything three times and runs the demo: many minutes",
    "make test-oldest": "installs other versions; `.ci/run` runs it",
    "make wheel": "installs what checks a wheel; a long test builds one",
    "tools/build_images.sh --demo train": "is `make images`, and the demo",
    "tools/check_arm64.py --scene street.onnx": "is `make arm` with another scene",
    "tools/wheel_sets.py": "asks the package index; a long test asks for the same sets",
    "tools/check_usb.py --only run": "boots a machine in QEMU, as `make usb` does",
    "tools/live_checks.py many street.onnx": "is a measurement of this machine, not a check",
    "tools/live_checks.py overload street.onnx": "is a measurement of this machine, not a check",
    "tools/live_checks.py reconnect street.onnx": "is a measurement of this machine, not a check",
    "tools/page_check.py street.onnx": "is a measurement of this machine, not a check",
}
"""Commands that no test runs, and why."""


class Command(NamedTuple):
    """A command as a page has it.

    Attributes:
        place: Page and line.
        words: As a shell splits them.
        whole: Whether it can be typed as it stands.
    """

    place: str
    words: tuple[str, ...]
    whole: bool

    @property
    def key(self) -> str:
        """What it does, whatever the files: of `edge-vad` the subcommand and its options."""
        if self.words[0] != "edge-vad":
            return " ".join(self.words)
        named = [word for word in self.words[1:3] if re.fullmatch("[a-z]+", word)]
        options = sorted({word for word in self.words if word.startswith("--")})
        return " ".join(
            ["edge-vad", *named[: 2 if named[:1] in (["config"], ["site"]) else 1], *options]
        )


def _lines(page: Path) -> Iterator[tuple[int, str, bool]]:
    """The commands of a page: line, text, whether it stands in a block."""
    fence: str | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fence = None if fence is not None else line[3:]
        elif fence == "bash" or (fence is None and line.startswith("    ")):
            yield number, line, True
        elif fence is None:
            yield from ((number, text, False) for text in re.findall(r"`([^`]+)`", line))


def _commands() -> list[Command]:
    found = []
    for page in PAGES:
        for number, text, block in _lines(page):
            if not block and (_MENTION.fullmatch(text) or not _OURS.match(text)):
                continue
            words = shlex.split(text, comments=True)
            while words and words[0] in ("sudo", "python"):
                del words[0]
            words = words[: words.index(">")] if ">" in words else words
            if words:
                kept = tuple(word for word in words if word not in ("…", "..."))
                place = f"{page.relative_to(ROOT)}:{number}"
                found.append(Command(place, kept, block and len(kept) == len(words)))
    return found


COMMANDS = _commands()
TESTS = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}


def _of(*programs: str) -> list[object]:
    chosen = [each for each in COMMANDS if each.words[0].startswith(programs)]
    return [pytest.param(each, id=f"{each.place} {' '.join(each.words)}") for each in chosen]


@pytest.mark.parametrize("command", _of("edge-vad"))
def test_subcommand_and_options_exist(command):
    asked, rest = cli, list(command.words[1:])
    while isinstance(asked, click.Group) and rest and not rest[0].startswith("-"):
        found = asked.get_command(click.Context(asked), rest.pop(0))
        assert found is not None
        asked = found
    given, more, _ = asked.make_parser(click.Context(asked)).parse_args(rest)
    assert not more or not command.whole
    if command.whole and "--config" not in rest:
        assert not [
            each.name for each in asked.params if each.required and given.get(each.name) is None
        ]


@pytest.mark.parametrize("command", _of("tools/", "examples/"))
def test_tools_exist_and_know_the_options(command):
    source = (ROOT / command.words[0]).read_text(encoding="utf-8")
    for word in command.words[1:]:
        assert not word.startswith("--") or f'"{word}"' in source


@pytest.mark.parametrize("command", _of("make"))
def test_targets_and_variables_are_in_the_makefile(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in command.words[1:]:
        name, *value = word.split("=", 1)
        assert re.search(rf"^{name} \?=" if value else rf"^{name}: ", makefile, re.M)


@pytest.mark.parametrize("command", _of("pip", "pytest"))
def test_extras_and_paths_exist(command):
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for word in command.words[1:]:
        for extra in re.findall(r"(?:edge-vad|\.)\[([a-z,]+)\]", word):
            assert all(re.search(rf"^{each} = \[", project, re.M) for each in extra.split(","))
        assert not word.startswith("tests/") or (ROOT / word).exists()


def test_every_command_is_run_by_a_test_or_has_a_reason():
    keys = {each.key for each in COMMANDS if each.words[0] not in _FOREIGN}
    assert keys == RUN.keys() | NOT_RUN.keys()
    assert not RUN.keys() & NOT_RUN.keys()


@pytest.mark.parametrize(("key", "test"), RUN.items(), ids=RUN)
def test_the_test_that_is_named_exists_and_gives_the_options(key, test):
    texts = [text for text in TESTS.values() if re.search(rf"^def {test}\(", text, re.M)]
    assert len(texts) == 1
    if key.startswith("edge-vad"):
        options = [word for word in key.split() if word.startswith("--")]
        assert not [option for option in options if option not in texts[0]]


def test_the_version_is_printed(edge_vad):
    assert ", version " in edge_vad("--version").out


def test_make_help_lists_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^([a-z-]+):.*## ", makefile, re.M):
        assert f"make {target} " in done.stdout
