"""`visit-sync demo --once`: the whole of it, on this machine."""

from tests.cli.shell import Shell


def test_the_demo_plays_a_scenario_and_both_sides_agree_at_the_end(shell: Shell) -> None:
    demo = shell.start("demo", "--once", COLUMNS="120")
    try:
        status = demo.wait(240)
    finally:
        demo.kill()
    told = demo.output
    assert status == 0, told[-4000:]
    assert "FieldCamp and the calendars" in told
    assert "FieldCamp and the books" in told
    assert all(f"│ {row} " in told for row in ("invoices", "open", "paid"))
    assert "1 client held for a person" in " ".join(told.split())
    calendars, sales = told.split("Zendesk Sell and the calendars")
    assert calendars.count("demo.example") == 12
    assert sales.count("demo.example") == 2
    assert "FieldCamp and ReviewRover" in told
    assert all(f"│ {row} " in told for row in ("reviews asked", "collected"))
    assert "2 answers lost, 0 more for the second completion" in " ".join(told.split())
    assert " NO " not in told
    for fact in ("pushed", "workers killed", "mails sent by either", "invoices and payments sent to QuickBooks"):
        assert fact in told
    assert told.rstrip().endswith("Both sides agree.")
    assert not (shell.folder / "visit-sync.db").exists(), "the demo keeps to itself"
