//! Rounds against the fake AWS, with a look at what clients get in between.

mod moto;
mod retiring;

use fake_aws::{FakeAws, Fault};
use issue::Slate;

use super::*;
use crate::fixture::account;

/// A listener, and what Doorward has in hand for it.
struct Scene<'a> {
    aws: &'a FakeAws,
    listener: String,
    listeners: Listeners,
    book: Slate,
    record: Record,
}

impl<'a> Scene<'a> {
    fn of(aws: &'a FakeAws, listener: String) -> Self {
        let record = Record::new(arn(&listener), "amazon");
        let listeners = Listeners::new(&account(aws, 1));
        Self { aws, listener, listeners, book: Slate::default(), record }
    }

    async fn try_round(&mut self, wished: &[Wished]) -> Result<Round, IssueError> {
        let wish = Wish { certificates: wished.to_vec(), pending: Vec::new() };
        self.listeners.reconcile(&wish, &mut self.record, &self.book, self.aws.now()).await
    }

    async fn round(&mut self, wished: &[Wished]) -> Round {
        self.try_round(wished).await.unwrap()
    }

    /// Rounds until there is nothing to do, with a look at each.
    async fn settle(&mut self, wished: &[Wished], look: impl Fn(&Action)) -> Vec<Action> {
        let mut done = Vec::new();
        for _ in 0..20 {
            let round = self.round(wished).await;
            round.done.iter().for_each(&look);
            done.extend(round.done);
            let Some(pause) = round.again_in else { return done };
            self.aws.pass(pause);
        }
        panic!("no end of rounds: {done:?}")
    }

    /// What a new process finds.
    fn restart(&mut self) {
        self.listeners = Listeners::new(&account(self.aws, 1));
        self.record = Record::new(arn(&self.listener), "amazon");
        let pages = self.book.pages().into_iter();
        for page in pages.map(|(name, text)| issue::Page { name, text }) {
            self.record = Record::from_page(&page).unwrap().unwrap();
        }
    }
}

fn arn(text: &str) -> Arn {
    Arn::parse(text).unwrap()
}

/// Issued certificates, one for each name, as objects name them.
fn named(aws: &FakeAws, names: &[&str]) -> Vec<Wished> {
    let wished = |name: &&str| Wished { arn: arn(&aws.issued_certificate(&[name])), facts: None };
    let wished = names.iter().map(wished).collect();
    // They are shown a little later.
    aws.pass(Duration::from_secs(2));
    wished
}

fn hosts(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}.test")).collect()
}

fn many(aws: &FakeAws, prefix: &str, count: usize) -> Vec<Wished> {
    let hosts = hosts(prefix, count);
    named(aws, &hosts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn add(one: &Wished) -> Action {
    Action::Add(one.arn.clone())
}

#[tokio::test]
async fn a_certificate_is_replaced_and_every_handshake_in_between_is_answered() {
    let aws = FakeAws::start().await;
    let old = named(&aws, &["shop.test"]);
    let mut scene = Scene::of(&aws, aws.listener(old[0].arn.as_str()));
    scene.settle(&old, |_| ()).await;
    let new = named(&aws, &["shop.test"]);
    let listener = scene.listener.clone();
    let done = scene
        .settle(&new, |action| {
            let answer = arn(&aws.handshake(&listener, "shop.test"));
            assert!(answer == old[0].arn || answer == new[0].arn, "after {action:?}: {answer}");
        })
        .await;
    let new = &new[0].arn;
    let expected = [
        Action::Add(new.clone()),
        Action::MakeDefault(new.clone()),
        Action::Remove(old[0].arn.clone()),
    ];
    assert_eq!(done, expected);
    assert_eq!(aws.default_certificate(&listener), new.as_str());
}

#[tokio::test]
async fn what_was_attached_is_taken_away_a_minute_after_the_last_change() {
    let aws = FakeAws::start().await;
    let theirs = named(&aws, &["theirs.test"]);
    let mut scene = Scene::of(&aws, aws.listener(theirs[0].arn.as_str()));
    let (old, new) = (named(&aws, &["shop.test"]), named(&aws, &["shop.test"]));
    scene.settle(&old, |_| ()).await;
    assert_eq!(scene.round(&new).await.done, [add(&new[0])]);
    let round = scene.round(&new).await;
    assert!(round.done.is_empty());
    let pause = round.again_in.unwrap();
    assert!(pause > Duration::from_secs(50), "{pause:?}");
    aws.pass(pause);
    assert_eq!(scene.round(&new).await.done, [Action::Remove(old[0].arn.clone())]);
    assert!(scene.settle(&new, |_| ()).await.is_empty());
    assert_eq!(aws.default_certificate(&scene.listener), theirs[0].arn.as_str(), "not ours");
    assert!(!aws.is_in_use(new[0].arn.as_str()).is_empty());
}

#[tokio::test]
async fn what_others_attached_stays_when_it_was_wanted_for_a_while() {
    let aws = FakeAws::start().await;
    let theirs = named(&aws, &["theirs.test", "more.test"]);
    let mut scene = Scene::of(&aws, aws.listener(theirs[0].arn.as_str()));
    aws.attach(&scene.listener, theirs[1].arn.as_str());
    let ours = named(&aws, &["ours.test"]);
    let all: Vec<Wished> = theirs.iter().skip(1).chain(&ours).cloned().collect();
    assert_eq!(scene.settle(&all, |_| ()).await, [add(&ours[0])]);
    aws.pass(Duration::from_secs(100));
    assert_eq!(scene.settle(&[], |_| ()).await, [Action::Remove(ours[0].arn.clone())]);
    assert_eq!(aws.handshake(&scene.listener, "more.test"), theirs[1].arn.as_str());
    assert!(scene.book.pages().is_empty(), "nothing of ours is left to remember");
}

#[tokio::test]
async fn a_full_load_balancer_takes_what_another_makes_room_for_and_no_more() {
    let aws = FakeAws::start().await;
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    let beside = aws.listener_beside(&scene.listener, first[0].arn.as_str());
    for other in many(&aws, "h", 23) {
        aws.attach(&beside, other.arn.as_str());
    }
    let old = named(&aws, &["x.test", "old.test"]);
    assert_eq!(scene.settle(&old, |_| ()).await.len(), 2);
    // Nobody wants old.test any more, so it can be spared for one of two; x.test cannot.
    let new =
        [old[0].clone(), named(&aws, &["y.test"]).remove(0), named(&aws, &["z.test"]).remove(0)];
    let done = scene.settle(&new, |_| ()).await;
    assert_eq!(done, [Action::Remove(old[1].arn.clone()), add(&new[1])]);
    let full = Trouble { arn: new[2].arn.clone(), kind: TroubleKind::Full };
    assert_eq!(scene.round(&new).await.troubles, [full]);
    let calls = aws.count("AddListenerCertificates");
    scene.round(&new).await;
    assert_eq!(aws.count("AddListenerCertificates"), calls, "it is not asked again and again");
    aws.detach_all(&beside);
    aws.pass(Duration::from_secs(3600));
    assert_eq!(scene.round(&new).await.done, [add(&new[2])]);
}

#[tokio::test]
async fn a_raised_quota_is_used() {
    let aws = FakeAws::start().await;
    aws.allow_listener_certificates(30);
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    assert_eq!(scene.round(&many(&aws, "h", 30)).await.done.len(), 30);
}

#[tokio::test]
async fn what_aws_does_not_know_yet_is_attached_later_and_stops_no_other() {
    let aws = FakeAws::start().await;
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    let new = named(&aws, &["b.test", "c.test"]);
    aws.fail("AddListenerCertificates", 1, Fault::Refuse("CertificateNotFound"));
    assert_eq!(scene.round(&new).await.done, [add(&new[1])]);
    let round = scene.round(&new).await;
    assert_eq!((round.done.len(), round.troubles.len()), (0, 0));
    assert_eq!(round.again_in, Some(Duration::from_secs(10)));
    aws.pass(Duration::from_secs(10));
    assert_eq!(scene.round(&new).await.done, [add(&new[0])]);
}

#[tokio::test]
async fn a_certificate_that_shows_late_is_attached_without_a_word() {
    let aws = FakeAws::start().await;
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    let new = [Wished { arn: arn(&aws.issued_certificate(&["b.test"])), facts: None }];
    let round = scene.round(&new).await;
    assert_eq!((round.done.len(), round.troubles.len()), (0, 0));
    aws.pass(round.again_in.unwrap());
    assert_eq!(scene.settle(&new, |_| ()).await, [add(&new[0])]);
}

#[tokio::test]
async fn what_aws_goes_on_refusing_is_told_and_tried_less_and_less() {
    let aws = FakeAws::start().await;
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    let new = named(&aws, &["b.test"]);
    aws.fail("AddListenerCertificates", 99, Fault::Refuse("UnsupportedCertificate"));
    let (mut passed, mut troubles) = (Duration::ZERO, Vec::new());
    while passed < Duration::from_secs(150) {
        let round = scene.round(&new).await;
        let pause = round.again_in.unwrap();
        aws.pass(pause);
        passed += pause;
        troubles = round.troubles;
    }
    assert_eq!(aws.count("AddListenerCertificates"), 4, "at once, after 10, 30 and 70 seconds");
    assert_eq!(troubles, [Trouble { arn: new[0].arn.clone(), kind: TroubleKind::Unusable }]);
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_told_and_nothing_is_taken_away_for_it() {
    let aws = FakeAws::start().await;
    let first = named(&aws, &["a.test"]);
    let mut scene = Scene::of(&aws, aws.listener(first[0].arn.as_str()));
    let old = named(&aws, &["b.test"]);
    scene.settle(&old, |_| ()).await;
    let gone = arn("arn:aws:acm:eu-central-1:123456789012:certificate/gone");
    let wished = [Wished { arn: gone.clone(), facts: None }];
    let mut troubles = Vec::new();
    for _ in 0..4 {
        let round = scene.round(&wished).await;
        assert!(round.done.is_empty(), "{round:?}");
        aws.pass(round.again_in.unwrap());
        troubles.push(round.troubles);
    }
    let missing = vec![Trouble { arn: gone, kind: TroubleKind::Missing }];
    assert_eq!(troubles, [vec![], vec![], missing.clone(), missing]);
    assert_eq!(aws.handshake(&scene.listener, "b.test"), old[0].arn.as_str());
}

#[tokio::test]
async fn a_listener_that_is_gone_is_told() {
    let aws = FakeAws::start().await;
    let gone = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/1/2";
    let mut scene = Scene::of(&aws, gone.into());
    let error = scene.try_round(&named(&aws, &["a.test"])).await.unwrap_err();
    assert!(error.message.contains("there is no listener arn:"), "{error}");
    assert_eq!(scene.round(&[]).await, Round::default(), "it takes along what was on it");
}

#[tokio::test]
async fn a_kill_between_any_two_calls_leaves_nothing_behind_and_takes_nothing_of_others() {
    killed_after_every_call(|aws| {
        let theirs = named(aws, &["theirs.test"]);
        let listener = aws.listener(theirs[0].arn.as_str());
        aws.attach(&listener, theirs[0].arn.as_str());
        let story = vec![named(aws, &["shop.test"]), named(aws, &["shop.test"]), Vec::new()];
        let default = theirs[0].arn.clone();
        Story { listener, story, left: vec![default.clone()], ours: Vec::new(), default }
    })
    .await;
}

#[tokio::test]
async fn a_kill_forgets_no_default_that_is_ours_to_replace() {
    killed_after_every_call(|aws| {
        let (first, last) = (named(aws, &["shop.test"]), named(aws, &["shop.test"]));
        let listener = aws.listener(first[0].arn.as_str());
        // A listener cannot be without a default.
        let default = last[0].arn.clone();
        let left = vec![default.clone()];
        let story = vec![first, last, Vec::new()];
        Story { listener, story, ours: left.clone(), left, default }
    })
    .await;
}

struct Story {
    listener: String,
    /// What is wanted, one after the other.
    story: Vec<Vec<Wished>>,
    /// What the listener has in the end, and what of that Doorward attached.
    left: Vec<Arn>,
    ours: Vec<Arn>,
    default: Arn,
}

/// Plays the story once for each of its calls, which is the last one that gets through before a
/// restart.
async fn killed_after_every_call(tell: impl Fn(&FakeAws) -> Story) {
    let mut cut = 1;
    loop {
        let aws = FakeAws::start().await;
        let Story { listener, story, left, ours, default } = tell(&aws);
        let mut scene = Scene::of(&aws, listener);
        aws.cut_after(cut);
        let mut was_cut = false;
        for wished in story {
            for _ in 0..20 {
                match scene.try_round(&wished).await {
                    Ok(Round { again_in: None, .. }) => break,
                    Ok(Round { again_in: Some(pause), .. }) => aws.pass(pause),
                    Err(error) => {
                        assert!(aws.is_cut(), "{error}");
                        was_cut = true;
                        aws.mend();
                        scene.restart();
                    }
                }
            }
        }
        let there: Vec<Arn> = aws.attached(&scene.listener).iter().map(|text| arn(text)).collect();
        assert_eq!(
            (there, arn(&aws.default_certificate(&scene.listener))),
            (left, default.clone())
        );
        scene.restart();
        let held: Vec<Arn> = scene.record.held.iter().map(|held| held.arn.clone()).collect();
        assert_eq!((held, &scene.record.defaults), (ours.clone(), &ours), "cut after {cut}");
        if !was_cut {
            assert!(cut > 15, "{cut} calls are too few for the story");
            return;
        }
        cut += 1;
    }
}

#[test]
fn what_was_just_attached_is_remembered_although_aws_does_not_show_it_yet() {
    let (listener, one) = (arn("arn:aws:x:x:1:listener"), arn("arn:aws:acm:x:1:one"));
    let held = Held { arn: one, names: Vec::new(), not_after: Timestamp::MAX };
    let record = Record { held: vec![held], ..Record::new(listener, "amazon") };
    let mut have = Have {
        default: None,
        attached: Default::default(),
        has_room: true,
        refused: Default::default(),
        is_settled: false,
    };
    assert_eq!(record.before(&have, &Wants::default(), &[]), record);
    have.is_settled = true;
    assert!(record.before(&have, &Wants::default(), &[]).is_empty());
}
