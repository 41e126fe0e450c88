from indexer.stages import Stage, StageClock, limiting_stage, tell_stages


def clock(name, workers, *seconds):
    clock = StageClock(name, workers)
    for one in seconds:
        clock.add(10, one)
    return clock


def test_busy_is_the_share_of_all_workers_time():
    stage = clock("reading", 4, 1.0, 3.0).stage(elapsed=2.0)
    assert stage == Stage("reading", 20, 4.0, 0.5, 20.0)


def test_a_stage_that_did_nothing():
    assert StageClock("writing").stage(0.0) == Stage("writing", 0, 0.0, 0.0, 0.0)
    assert tell_stages([StageClock("writing").stage(1.0)]) is None
    assert limiting_stage([]) is None


def test_the_busiest_stage_sets_the_pace():
    reading, encoding = clock("reading", 2, 1.0).stage(1.0), clock("encoding", 1, 0.9).stage(1.0)
    assert limiting_stage([reading, encoding]) is encoding
    assert tell_stages([reading, encoding]) == "Encoding set the pace (busy 90% of the time; reading 50%)."
