//! A table of what is refused and what is warned of: what is written, and the beginning of what
//! is said of it.

use super::{read_yaml, said};

const ROUTE: &str = "route: [{destination: {host: web}}]";

/// Of a whole object.
const OBJECTS: &[(&str, &str)] = &[
    ("[]", "Rejected spec: json: cannot unmarshal array"),
    ("{hosts: [a.test], gateways: [g]}", "Rejected spec: it has no routes"),
    (
        "{hosts: a.test, gateways: [g], http: [ROUTE]}",
        "Rejected spec.hosts: json: cannot unmarshal string",
    ),
    (
        "{hosts: [a b.test], gateways: [g], http: [ROUTE]}",
        "Rejected spec.hosts[0]: host \"a b.test\" is not served",
    ),
    (
        "{hosts: [a.test, a.test], gateways: [g], http: [ROUTE]}",
        "Rejected spec.hosts[1]: a.test stands in the list already",
    ),
    (
        "{hosts: ['*.a.test', '*.test'], gateways: [g], http: [ROUTE]}",
        "Rejected spec.hosts[0]: *.test stands in the list already and takes *.a.test in",
    ),
    (
        "{hosts: ['*', a.test], gateways: [g], http: [ROUTE]}",
        "Rejected spec.hosts[1]: * stands in the list already",
    ),
    ("{gateways: [g], http: [ROUTE]}", "Rejected spec.hosts: without hosts it is a delegate"),
    ("{http: [{delegate: {name: other}}]}", "Rejected spec.http: a delegate cannot delegate"),
    (
        "{hosts: [a.test], gateways: [g], exportTo: ['*', shop], http: [ROUTE]}",
        "Rejected spec.exportTo: \"*\" stands beside",
    ),
    (
        "{hosts: [a.test], gateways: [g], exportTo: [., shop], http: [ROUTE]}",
        "Rejected spec.exportTo: \"shop\" stands beside",
    ),
    (
        "{hosts: [a.test], gateway: [g], gateways: [g], http: [ROUTE]}",
        "Warning spec.gateway: gateway is no known key here; did you mean gateways?",
    ),
    (
        "{hosts: [a.test], gateways: [g], http: [ROUTE, ROUTE]}",
        "Warning spec.http[1]: no request gets here, as spec.http[0] fits them all",
    ),
    (
        "{hosts: [a.test], gateways: [g], tls: [ROUTE]}",
        "Rejected spec.tls[0].match: connections are told apart by name",
    ),
    (
        "{hosts: [a.test], gateways: [g], tls: [{match: [{port: 443}], REST}]}",
        "Rejected spec.tls[0].match[0].sniHosts: at least one name",
    ),
    (
        "{hosts: [a.test], gateways: [g], tls: [{match: [{sniHosts: [b.test]}], REST}]}",
        "Rejected spec.tls[0].match[0].sniHosts[0]: \"b.test\" is under none",
    ),
    (
        "{hosts: [a.test], gateways: [g], tcp: [{match: [{port: 70000}], REST}]}",
        "Rejected spec.tcp[0].match[0].port: 70000 is no port",
    ),
    (
        "{hosts: [a.test], gateways: [g], tcp: [{match: [{destinationSubnets: [10.0.0.0/8]}], REST}]}",
        "Warning spec.tcp[0].match[0].destinationSubnets: destinationSubnets is not looked at",
    ),
    ("{hosts: [a.test], gateways: [g], tcp: [{}]}", "Rejected spec.tcp[0].route: nothing answers"),
];

/// Of one route, beside a destination where `REST` stands.
const ROUTES: &[(&str, &str)] = &[
    ("{}", ": nothing answers"),
    ("{REST, redirect: {uri: /}}", ": route and redirect exclude each other"),
    (
        "{redirect: {uri: /}, directResponse: {status: 200}}",
        ": redirect and directResponse exclude",
    ),
    ("{delegate: {name: x}, REST}", ": route and delegate exclude each other"),
    ("{delegate: {namespace: x}}", ".delegate.name: a delegate needs a name"),
    ("{route: []}", ".route: no destination gets anything"),
    ("{route: [{}]}", ".route[0].destination: a destination is needed"),
    ("{route: [{destination: {}}]}", ".route[0].destination.host: a host is needed"),
    (
        "{route: [{destination: {host: web, port: {number: 0}}}]}",
        ".route[0].destination.port.number: 0 is no port",
    ),
    (
        "{route: [{destination: {host: web, subset: v1}}]}",
        ".route[0].destination.subset: DestinationRules are not read",
    ),
    ("{route: [{destination: {host: web}, weight: -1}]}", ".route[0].weight: -1 is no weight"),
    (
        "{route: [{destination: {host: web}}, {destination: {host: api}}]}",
        ".route: no destination gets anything",
    ),
    ("{REST, match: [{uri: {}}]}", ".match[0].uri: it matches nothing in particular"),
    ("{REST, match: [{uri: {exact: ''}}]}", ".match[0].uri: it matches nothing in particular"),
    ("{REST, match: [{uri: {exact: /a, prefix: /b}}]}", ".match[0].uri: write one of"),
    (
        "{REST, match: [{uri: {prefx: /a}}]}",
        ".match[0].uri.prefx: prefx is no known key here; did you mean prefix?",
    ),
    ("{REST, match: [{uri: {regex: '('}}]}", ".match[0].uri.regex: \"(\" is no regular expression"),
    (
        "{REST, match: [{uri: {regex: 'a)(b'}}]}",
        ".match[0].uri.regex: \"a)(b\" is no regular expression",
    ),
    ("{REST, match: [{uri: {exact: 7}}]}", ".match[0].uri.exact: exact is no text"),
    (
        "{REST, match: [{headers: {'a b': {exact: c}}}]}",
        ".match[0].headers.a b: \"a b\" is no header name",
    ),
    ("{REST, match: [{headers: {uri: {exact: c}}}]}", ".match[0].headers.uri: uri is no header"),
    (
        "{REST, match: [{headers: {'@request.auth.claims.sub': {exact: c}}}]}",
        ".match[0].headers.@request.auth.claims.sub: claims of JSON web tokens",
    ),
    (
        "{REST, match: [{sourceLabels: {a: 1}}]}",
        ".match[0].sourceLabels.a: a label's value is a text",
    ),
    ("{redirect: {redirectCode: 304}}", ".redirect.redirectCode: 304 is no redirect"),
    ("{redirect: {scheme: ftp}}", ".redirect.scheme: \"ftp\" is no scheme"),
    ("{redirect: {uri: /, prefixRewrite: /}}", ".redirect: uri and prefixRewrite exclude"),
    (
        "{redirect: {port: 1, derivePort: FROM_REQUEST_PORT}}",
        ".redirect: port and derivePort exclude",
    ),
    (
        "{redirect: {derivePort: FROM_REQUEST}}",
        ".redirect.derivePort: \"FROM_REQUEST\" is no way to derive a port; did you mean FROM_REQUEST_PORT?",
    ),
    ("{redirect: {uri: /}, rewrite: {uri: /}}", ".rewrite: redirect and rewrite exclude"),
    (
        "{redirect: {uri: /}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}}",
        ".fault: redirect and fault exclude",
    ),
    ("{directResponse: {}}", ".directResponse.status: a direct response needs a status"),
    ("{directResponse: {status: 99}}", ".directResponse.status: a direct response needs a status"),
    (
        "{directResponse: {status: 200, body: {bytes: '*'}}}",
        ".directResponse.body.bytes: these bytes are no base64",
    ),
    (
        "{directResponse: {status: 200, body: {string: a, bytes: YQ==}}}",
        ".directResponse.body.bytes: string and bytes exclude",
    ),
    ("{REST, rewrite: {}}", ".rewrite: it rewrites nothing"),
    (
        "{REST, rewrite: {uri: /, uriRegexRewrite: {match: a, rewrite: b}}}",
        ".rewrite: uri and uriRegexRewrite exclude",
    ),
    (
        "{REST, rewrite: {uriRegexRewrite: {match: '(a)', rewrite: '\\2'}}}",
        ".rewrite.uriRegexRewrite.rewrite: \"\\\\2\" is no rewrite",
    ),
    (
        "{REST, rewrite: {uriRegexRewrite: {rewrite: b}}}",
        ".rewrite.uriRegexRewrite.match: a pattern is needed",
    ),
    (
        "{REST, rewrite: {authority: b.test}, headers: {request: {set: {host: c.test}}}}",
        ".rewrite: rewrite.authority and a request header host",
    ),
    (
        "{REST, headers: {request: {set: {a: '50%'}}}}",
        ".headers.request.set.a: \"50%\" has a single %",
    ),
    (
        "{REST, headers: {request: {set: {':path': /}}}}",
        ".headers.request.set.:path: \":path\" is no header name",
    ),
    (
        "{REST, headers: {request: {add: {a: '%PROTOCOL%'}}}}",
        ".headers.request.add.a: the value \"%PROTOCOL%\" cannot be made here",
    ),
    (
        "{REST, headers: {response: {add: {a: 1}}}}",
        ".headers.response.add.a: a header's value is a text",
    ),
    (
        "{REST, headers: {request: {remove: [Host]}}}",
        ".headers.request.remove: host is a matter of the connection",
    ),
    (
        "{REST, headers: {response: {set: {te: x}}}}",
        ".headers.response.set.te: te is a matter of the connection",
    ),
    ("{REST, timeout: 5}", ".timeout: json: cannot unmarshal number"),
    ("{REST, timeout: 5d}", ".timeout: \"5d\" is no duration"),
    ("{REST, timeout: 100us}", ".timeout: \"100us\" is no duration of 1ms or more"),
    ("{REST, retries: {attempts: -1}}", ".retries.attempts: -1 attempts cannot be made"),
    (
        "{REST, retries: {attempts: 1, perTryTimeout: 0s}}",
        ".retries.perTryTimeout: \"0s\" is no duration of 1ms or more",
    ),
    (
        "{REST, retries: {attempts: 1, retryOn: 'conect-failure'}}",
        ".retries.retryOn: \"conect-failure\" is no condition; did you mean connect-failure?",
    ),
    (
        "{REST, retries: {attempts: 1, retryOn: 'retriable-headers'}}",
        ".retries.retryOn: nothing is tried again for retriable-headers",
    ),
    (
        "{REST, retries: {attempts: 1, retryRemoteLocalities: true}}",
        ".retries.retryRemoteLocalities: every endpoint is asked alike",
    ),
    ("{REST, retries: {perTryTimeout: 1s}}", ".retries.attempts: attempts is 0"),
    ("{REST, fault: {}}", ".fault: a fault is a delay or an abort"),
    (
        "{REST, fault: {delay: {percentage: {value: 1}}}}",
        ".fault.delay.fixedDelay: a delay needs fixedDelay",
    ),
    (
        "{REST, fault: {delay: {fixedDelay: 1s}}}",
        ".fault.delay.percentage: without a percentage no request is hit",
    ),
    (
        "{REST, fault: {delay: {fixedDelay: 1s, percentage: {value: 101}}}}",
        ".fault.delay.percentage.value: 101 is no percentage",
    ),
    ("{REST, fault: {abort: {percentage: {value: 1}}}}", ".fault.abort: an abort has one answer"),
    (
        "{REST, fault: {abort: {httpStatus: 600, percentage: {value: 1}}}}",
        ".fault.abort.httpStatus: 600 is no status",
    ),
    (
        "{REST, fault: {abort: {grpcStatus: UNAVAILABEL, percentage: {value: 1}}}}",
        ".fault.abort.grpcStatus: \"UNAVAILABEL\" is no status of gRPC; did you mean UNAVAILABLE?",
    ),
    (
        "{REST, mirror: {host: a}, mirrors: [{destination: {host: b}}]}",
        ".mirrors: mirror and mirrors exclude",
    ),
    (
        "{REST, mirror: {host: a}, mirrorPercentage: {value: -1}}",
        ".mirrorPercentage.value: -1 is no percentage",
    ),
    (
        "{REST, corsPolicy: {unmatchedPreflights: IGNRE}}",
        ".corsPolicy.unmatchedPreflights: \"IGNRE\" is no way to treat preflights; did you mean IGNORE?",
    ),
    (
        "{REST, corsPolicy: {allowOrigins: [{regex: '['}]}}",
        ".corsPolicy.allowOrigins[0].regex: \"[\" is no regular expression",
    ),
    ("{REST, corsPolicy: {maxAge: -1s}}", ".corsPolicy.maxAge: \"-1s\" is no duration"),
    ("{REST, timout: 5s}", ".timout: timout is no known key here; did you mean timeout?"),
];

/// What is said of routes that are served nevertheless.
const WARNED: &[&str] = &[
    "no known key",
    "DestinationRules are not read",
    "uri is no header",
    "claims of JSON web tokens",
    "cannot be made here",
    "a matter of the connection",
    "nothing is tried again",
    "every endpoint is asked alike",
    "attempts is 0",
    "no request is hit",
];

#[track_caller]
fn says(spec: &str, beginning: &str) {
    let plan = read_yaml(spec);
    let said = said(&plan);
    let is_said = said.iter().any(|line| line.starts_with(beginning));
    assert!(is_said, "{spec}\nexpected {beginning}\nsaid {said:#?}");
    let rejects = said.iter().any(|line| line.starts_with("Rejected"));
    assert_eq!(plan.is_refused, rejects, "{spec}");
    assert!(
        !rejects || plan.http.is_empty() && plan.tls.is_empty() && plan.tcp.is_empty(),
        "{spec}"
    );
}

#[test]
fn faults_of_an_object_are_named_with_field_and_cure() {
    for (spec, beginning) in OBJECTS {
        let spec = spec.replace("ROUTE", &format!("{{{ROUTE}}}")).replace("REST", ROUTE);
        says(&spec, beginning);
    }
}

#[test]
fn faults_of_a_route_are_named_with_field_and_cure() {
    for (route, rest) in ROUTES {
        let route = route.replace("REST", ROUTE);
        let spec = format!("{{hosts: [a.test], gateways: [g], http: [{route}]}}");
        let is_warned = WARNED.iter().any(|part| rest.contains(part));
        let state = if is_warned { "Warning" } else { "Rejected" };
        says(&spec, &format!("{state} spec.http[0]{rest}"));
    }
}

#[test]
fn nothing_is_said_of_a_sound_object() {
    for spec in [
        "{hosts: [a.test], gateways: [g], http: [ROUTE]}",
        "{hosts: [web], gateways: [g, mesh], http: [{name: x, timeout: 0s, REST}]}",
        "{http: [ROUTE]}",
        "{hosts: ['*.a.test'], gateways: [g], tls: [{match: [{sniHosts: [x.a.test]}], REST}]}",
        "{hosts: [a.test], gateways: [g], http: [{match: [{uri: {prefix: ''}}], REST}]}",
    ] {
        let spec = spec.replace("ROUTE", &format!("{{{ROUTE}}}")).replace("REST", ROUTE);
        assert_eq!(said(&read_yaml(&spec)), Vec::<String>::new(), "{spec}");
    }
}
