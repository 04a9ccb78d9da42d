from __future__ import annotations

from judging.tables import as_table, newest


def rows(table):
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def test_a_scene_has_a_row_a_score_with_the_mean_and_the_worst_of_its_seeds(evidence):
    figures = {"train_s": 100.0, "train_mb": 900}
    table = as_table(
        [
            evidence(micro=0.9, figures=figures),
            evidence(micro=0.8, seed=1, figures={**figures, "train_s": 140.0}),
        ]
    )
    fused = next(row for row in rows(table) if row[0] == "ped2")
    assert fused[1:6] == ["0, 1", "**fused**", "85.0 (80.0)", "85.0 (80.0)", "15.0 (20.0)"]
    assert fused[9] == "0.020 (0.020)"
    assert fused[13:] == ["120 (140)", "900 (900)"]
    others = [row for row in rows(table) if row[2] in ("motion", "box flow")]
    assert [(row[0], row[2], row[3], row[8]) for row in others] == [
        ("", "motion", "80.0 (80.0)", "1"),
        ("", "box flow", "70.0 (70.0)", ""),
    ]


def test_every_row_has_a_cell_a_column(evidence):
    counted = {"hours": 8.0, "count": 13, "promised": 1.0, "per_hour": 1.62, "low": 0.87}
    alarms = {"all": {**counted, "high": 2.78}, "infrared": {**counted, "high": 2.78}}
    table = as_table(
        [
            evidence("home_office", figures={"alarms": alarms}),
            evidence("ped2", micro=0.9, figures={"alarms": alarms}),
            evidence("empty"),
        ]
    )
    widths = {len(row) for row in rows(table)}
    assert widths == {15}
    assert "| alarms, infrared |" in table
    assert "13 in 8.0 h: 1.6 (0.87 to 2.78), 1 promised" in table
    assert [row[0] for row in rows(table) if row[0]][2:] == [
        "ped2",  # what has labels comes first
        "empty",
        "home_office",
    ]


def test_settings_have_tables_of_their_own_and_the_defaults_come_first(evidence):
    table = as_table(
        [evidence(micro=0.9, settings={"latent": "4"}), evidence(micro=0.8), evidence("a", micro=1)]
    )
    titles = [line for line in table.splitlines() if line.startswith("###")]
    assert titles == ["### defaults", "### latent=4"]


def test_what_other_code_made_is_marked_and_gives_way(evidence):
    old, new = evidence(micro=0.8, code="old"), evidence(micro=0.9, code="new")
    later = evidence(micro=0.7, code="later")
    assert newest([new, old], "new") == [new]
    assert newest([old, new, later], "new") == [new]
    assert newest([old, later], "new") == [later]
    assert "ped2*" in as_table([later], "new")
    assert "*" not in as_table([new], "new").replace("**fused**", "")


def test_the_strangest_moments_stand_with_what_the_footage_can_promise(evidence):
    named = [{"start_s": 3.5, "box": [1, 2, 3, 4]}]
    figures = {
        "alarms": {
            "all": {
                "hours": 0.01, "count": 1, "promised": 1.0, "per_hour": 100.0, "low": 2.5,
                "high": 557.0, "named": named,
            }
        },
        "moments": [{"time_s": 3.9, "box": [1, 2, 3, 4]}, {"time_s": 9.0, "box": [5, 6, 7, 8]}],
        "footing": "the scene learnt from 9 seconds",
    }  # fmt: skip
    table = as_table([evidence("field_yard", figures=figures)])
    wanted = "| field_yard | 3.5 s | 3.9 s (1, 2, 3, 4); 9.0 s (5, 6, 7, 8) | the scene learnt from"
    assert wanted in table


def test_without_evidence_it_says_so():
    assert as_table([]) == "no evidence yet\n"
