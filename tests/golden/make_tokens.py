#!/usr/bin/python3
"""Writes tests/golden/tokens.h: keys and tokens of another implementation.

Good tokens come from PyJWT 2.6.0; bad ones are put together by hand and signed
with python3-cryptography 38, since PyJWT would not make most of them. Keys are
new in each run and their private halves are thrown away, so a new run changes
the whole file:

    tests/golden/make_tokens.py >tests/golden/tokens.h

The clock of the tests stands at 1800000000.
"""
import base64
import hashlib
import hmac
import json
import sys

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (ec, ed25519, padding,
                                                       rsa)

NOW = 1800000000
SECRET = hashlib.sha256(b"a secret for tests").digest()
OTHER_SECRET = hashlib.sha256(b"another secret for tests").digest()
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
OTHER_ED = ed25519.Ed25519PrivateKey.generate()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


def rsa_jwk(key, **more):
    n = key.public_key().public_numbers()
    return json.dumps({"kty": "RSA", "n": number(n.n), "e": number(n.e),
                       **more})


def ed_jwk(key, **more):
    x = key.public_key().public_bytes(serialization.Encoding.Raw,
                                      serialization.PublicFormat.Raw)
    return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": b64(x), **more})


def mac(secret, text):
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


def hs(header, claims, secret=SECRET):
    """A token with a right HMAC over whatever header and claims are."""
    signed = (b64(text_of(header).encode()) + "." +
              b64(text_of(claims).encode()))
    return signed + "." + b64(mac(secret, signed))


def claims(**more):
    base = {"sub": "12", "aud": "piq", "iat": NOW - 60, "exp": NOW + 3600}
    base.update(more)
    return {k: v for k, v in base.items() if v is not None}


HEADER = {"alg": "HS256", "typ": "JWT", "kid": "hs"}


def header(**more):
    base = dict(HEADER)
    base.update(more)
    return {k: v for k, v in base.items() if v is not None}


def good():
    def by(key, algorithm, kid, **more):
        return jwt.encode(claims(**more), key, algorithm,
                          headers={"kid": kid})

    yield "hs256", by(SECRET, "HS256", "hs")
    yield "rs256", by(RSA, "RS256", "rs")
    yield "eddsa", by(ED, "EdDSA", "ed")
    yield "rs256_by_jwk", by(RSA, "RS256", "rs-jwk")
    yield "eddsa_by_jwk", by(ED, "EdDSA", "ed-jwk")
    yield "audience_list", by(ED, "EdDSA", "ed", aud=["shop", "piq"])
    yield "coach", by(ED, "EdDSA", "ed", sub="anna@example", role="coach")
    yield "narrow", by(ED, "EdDSA", "ed", scope="profile:read admin")
    yield "no_iat", by(ED, "EdDSA", "ed", iat=None)
    yield "strange_claims", by(ED, "EdDSA", "ed", jti="x", nested={"a": [1]})
    yield "largest_learner", by(ED, "EdDSA", "ed", sub=str((1 << 40) - 1))
    yield "within_leeway", by(ED, "EdDSA", "ed", exp=NOW - 29, iat=NOW - 100,
                              nbf=NOW - 100)
    yield "no_typ", hs(header(typ=None), claims())


def flip(token, part, at):
    parts = token.split(".")
    data = bytearray(unb64(parts[part]))
    data[at] ^= 1
    parts[part] = b64(bytes(data))
    return ".".join(parts)


def other_spelling(token, part):
    """The same bytes, with bits set that no byte has."""
    letters = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789-_")
    parts = token.split(".")
    assert len(parts[part]) % 4 in (2, 3)
    last = letters.index(parts[part][-1])
    parts[part] = parts[part][:-1] + letters[last ^ 1]
    assert unb64(parts[part]) == unb64(token.split(".")[part])
    return ".".join(parts)


def raw_header(text):
    return hs(text, claims())


def raw_claims(text):
    return hs(HEADER, text)


def signatures():
    token = hs(HEADER, claims())
    rs = jwt.encode(claims(), RSA, "RS256", headers={"kid": "rs"})
    ed = jwt.encode(claims(), ED, "EdDSA", headers={"kid": "ed"})
    for name, t in (("hs256", token), ("rs256", rs), ("eddsa", ed)):
        for at, what in ((0, "first"), (-1, "last")):
            yield f"{name}_signature_{what}_bit", "SIGNATURE", flip(t, 2, at)
        yield f"{name}_claims_changed", "SIGNATURE", flip(t, 1, 9)
        parts = t.split(".")
        cut = b64(unb64(parts[2])[:-1])
        yield f"{name}_signature_cut", "SIGNATURE", \
            f"{parts[0]}.{parts[1]}.{cut}"
        yield f"{name}_signature_longer", "SIGNATURE", \
            f"{parts[0]}.{parts[1]}.{b64(unb64(parts[2]) + bytes(1))}"
        n = len(unb64(parts[2]))
        yield f"{name}_signature_zero", "SIGNATURE", \
            f"{parts[0]}.{parts[1]}.{b64(bytes(n))}"
        yield f"{name}_of_other_claims", "SIGNATURE", \
            f"{parts[0]}.{b64(text_of(claims(sub='13')).encode())}.{parts[2]}"
    # The other S of the same R (RFC 8032, 5.1.7: S is below the order).
    head, body, sig = ed.split(".")
    order = (1 << 252) + 27742317777372353535851937790883648493
    sig = unb64(sig)
    larger = int.from_bytes(sig[32:], "little") + order
    yield "eddsa_signature_plus_order", "SIGNATURE", \
        f"{head}.{body}.{b64(sig[:32] + larger.to_bytes(32, 'little'))}"
    yield "hs256_other_secret", "SIGNATURE", hs(HEADER, claims(), OTHER_SECRET)
    yield "hs256_empty_secret", "SIGNATURE", hs(HEADER, claims(), b"")
    yield "rs256_other_key", "SIGNATURE", jwt.encode(
        claims(), OTHER_RSA, "RS256", headers={"kid": "rs"})
    yield "eddsa_other_key", "SIGNATURE", jwt.encode(
        claims(), OTHER_ED, "EdDSA", headers={"kid": "ed"})
    signed = b64(text_of(header(alg="RS256", kid="rs")).encode()) + "." + body
    yield "rs256_by_sha1", "SIGNATURE", signed + "." + b64(RSA.sign(
        signed.encode(), padding.PKCS1v15(), hashes.SHA1()))
    yield "rs256_by_sha512", "SIGNATURE", signed + "." + b64(RSA.sign(
        signed.encode(), padding.PKCS1v15(), hashes.SHA512()))
    yield "rs256_by_pss", "SIGNATURE", signed + "." + b64(RSA.sign(
        signed.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        hashes.SHA256()))


def confusions():
    """What a token says of its algorithm is not for it to say."""
    pem = public_pem(RSA).encode()
    raw = ED.public_key().public_bytes(serialization.Encoding.Raw,
                                       serialization.PublicFormat.Raw)
    body = b64(text_of(claims()).encode())
    for alg in ("none", "None", "NONE", "nOnE"):
        head = b64(text_of(header(alg=alg)).encode())
        yield f"alg_{alg}_without_signature", "FORM", f"{head}.{body}."
        yield f"alg_{alg}_with_signature", "ALGORITHM", hs(header(alg=alg),
                                                           claims())
    yield "hs256_by_public_rsa_pem", "ALGORITHM", hs(
        header(kid="rs"), claims(), pem)
    yield "hs256_by_public_rsa_pem_cut", "ALGORITHM", hs(
        header(kid="rs"), claims(), pem.strip())
    yield "hs256_by_public_rsa_jwk", "ALGORITHM", hs(
        header(kid="rs-jwk"), claims(), rsa_jwk(RSA).encode())
    yield "hs256_by_public_ed25519", "ALGORITHM", hs(
        header(kid="ed"), claims(), raw)
    # The kid's own algorithm by name, the other's by key.
    yield "rs256_named_signed_by_hmac_of_pem", "SIGNATURE", hs(
        header(alg="RS256", kid="rs"), claims(), pem)
    yield "eddsa_named_signed_by_hmac_of_key", "SIGNATURE", hs(
        header(alg="EdDSA", kid="ed"), claims(), raw)
    yield "rs256_at_eddsa_kid", "ALGORITHM", jwt.encode(
        claims(), RSA, "RS256", headers={"kid": "ed"})
    yield "rs256_at_hs256_kid", "ALGORITHM", jwt.encode(
        claims(), RSA, "RS256", headers={"kid": "hs"})
    for alg in ("HS384", "HS512"):
        yield f"{alg}_at_hs256_kid", "ALGORITHM", jwt.encode(
            claims(), SECRET, alg, headers={"kid": "hs"})
    for alg in ("RS384", "RS512", "PS256"):
        yield f"{alg}_at_rs256_kid", "ALGORITHM", jwt.encode(
            claims(), RSA, alg, headers={"kid": "rs"})
    yield "ES256_at_rs256_kid", "ALGORITHM", jwt.encode(
        claims(), ec.generate_private_key(ec.SECP256R1()), "ES256",
        headers={"kid": "rs"})
    yield "hs256_lower_case", "ALGORITHM", hs(header(alg="hs256"), claims())


def headers():
    yield "no_kid", "HEADER", hs(header(kid=None), claims())
    yield "empty_kid", "HEADER", hs(header(kid=""), claims())
    yield "number_kid", "HEADER", hs(header(kid=1), claims())
    yield "list_kid", "HEADER", hs(header(kid=["hs"]), claims())
    yield "path_kid", "HEADER", hs(header(kid="../../dev/null"), claims())
    yield "sql_kid", "HEADER", hs(header(kid="x' OR '1'='1"), claims())
    yield "long_kid", "HEADER", hs(header(kid="k" * 64), claims())
    yield "nul_kid", "HEADER", raw_header(
        '{"alg":"HS256","kid":"hs\\u0000x"}')
    yield "unknown_kid", "KID", hs(header(kid="nobody"), claims())
    yield "kid_in_other_case", "KID", hs(header(kid="HS"), claims())
    yield "two_kids", "HEADER", raw_header(
        '{"alg":"HS256","kid":"rs","kid":"hs"}')
    yield "two_kids_one_escaped", "HEADER", raw_header(
        '{"alg":"HS256","kid":"rs","k\\u0069d":"hs"}')
    yield "two_algs", "HEADER", raw_header(
        '{"alg":"none","alg":"HS256","kid":"hs"}')
    yield "no_alg", "HEADER", hs(header(alg=None), claims())
    yield "null_alg", "HEADER", raw_header('{"alg":null,"kid":"hs"}')
    yield "list_alg", "HEADER", hs(header(alg=["HS256"]), claims())
    yield "long_alg", "HEADER", hs(header(alg="HS256" * 3), claims())
    jwk = {"kty": "oct", "k": b64(OTHER_SECRET)}
    yield "embedded_jwk", "HEADER", hs(header(jwk=jwk), claims(), OTHER_SECRET)
    yield "embedded_jwk_right_key", "HEADER", hs(header(jwk=jwk), claims())
    for name, value in (("jku", "https://example.org/keys"),
                        ("x5u", "https://example.org/cert"),
                        ("x5c", ["MIIB"]), ("x5t", "AAAA"),
                        ("x5t#S256", "AAAA"), ("zip", "DEF"),
                        ("cty", "JWT"), ("enc", "A256GCM"),
                        ("b64", False), ("p2c", 2147483647)):
        yield f"header_{name}", "HEADER", hs(header(**{name: value}), claims())
    yield "crit", "HEADER", hs(header(crit=["exp"]), claims())
    yield "crit_empty", "HEADER", hs(header(crit=[]), claims())
    yield "crit_b64", "HEADER", hs(header(crit=["b64"], b64=False), claims())
    for kind in ("at+jwt", "JWS", "jwt", "application/jwt", "", "secevent+jwt"):
        yield f"typ_{kind or 'empty'}", "HEADER", hs(header(typ=kind),
                                                     claims())
    yield "typ_number", "HEADER", hs(header(typ=1), claims())
    yield "header_list", "HEADER", raw_header('["HS256"]')
    yield "header_string", "HEADER", raw_header('"HS256"')
    yield "header_not_json", "HEADER", raw_header("alg=HS256")
    yield "header_two_objects", "HEADER", raw_header(
        '{"alg":"HS256","kid":"hs"}{"kid":"rs"}')
    yield "header_trailing", "HEADER", raw_header(
        '{"alg":"HS256","kid":"hs"} x')
    yield "header_deep", "HEADER", raw_header("[" * 100 + "]" * 100)
    yield "header_long", "FORM", hs(header(kid="hs", x="y" * 600), claims())


def forms():
    token = hs(HEADER, claims())
    head, body, sig = token.split(".")
    yield "empty", "FORM", ""
    yield "one_part", "FORM", head
    yield "two_parts", "FORM", f"{head}.{body}"
    yield "no_signature", "FORM", f"{head}.{body}."
    yield "no_claims", "FORM", f"{head}..{sig}"
    yield "no_header", "FORM", f".{body}.{sig}"
    yield "four_parts", "FORM", token + ".x"
    yield "five_parts_of_jwe", "FORM", f"{head}.{body}.{sig}.{sig}.{sig}"
    yield "trailing_dot", "FORM", token + "."
    yield "leading_dot", "FORM", "." + token
    yield "padding", "FORM", token + "="
    yield "padded_claims", "SIGNATURE", f"{head}.{body}=.{sig}"
    yield "trailing_newline", "FORM", token + "\\n"
    yield "trailing_blank", "FORM", token + " "
    yield "blank_inside", "FORM", f"{head[:4]} {head[4:]}.{body}.{sig}"
    yield "plus_and_slash", "FORM", f"{head}.{body}.+/{sig[2:]}"
    yield "other_spelling_of_signature", "FORM", other_spelling(token, 2)
    padded = hs(json.dumps(HEADER) + " " * ((3 - len(json.dumps(HEADER)) + 1)
                                            % 3), claims())
    yield "other_spelling_of_header", "FORM", other_spelling(padded, 0)
    text = json.dumps(claims())
    while len(text) % 3 != 1:
        text += " "
    good_token = raw_claims(text)
    head, body, sig = good_token.split(".")
    letters = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789-_")
    bent = body[:-1] + letters[letters.index(body[-1]) ^ 1]
    # Signed over the other spelling: by the signer, and still refused.
    yield "other_spelling_of_claims_signed", "FORM", \
        f"{head}.{bent}." + b64(mac(SECRET, f"{head}.{bent}"))
    yield "bearer_twice", "FORM", "Bearer " + token


def bad_claims():
    yield "claims_not_json", "CLAIMS", raw_claims("sub=12")
    yield "claims_list", "CLAIMS", raw_claims("[]")
    yield "claims_null", "CLAIMS", raw_claims("null")
    yield "claims_trailing", "CLAIMS", raw_claims(json.dumps(claims()) + "x")
    yield "claims_two_objects", "CLAIMS", raw_claims(
        json.dumps(claims()) + json.dumps(claims(sub="13")))
    yield "claims_deep", "CLAIMS", raw_claims(
        '{"a":' + "[" * 200 + "]" * 200 + "}")
    yield "claims_not_utf8", "CLAIMS", "\0" + "notutf8"
    two = json.dumps(claims())[:-1]
    for name, value in (("sub", '"13"'), ("exp", NOW + 60), ("aud", '"piq"'),
                        ("role", '"coach"'), ("scope", '"admin"')):
        first = two if name in claims() else f'{two},"{name}":"learner"'
        yield f"two_{name}s", "CLAIMS", raw_claims(
            f'{first},"{name}":{value}}}')
    yield "exp_missing", "CLAIMS", hs(HEADER, claims(exp=None))
    yield "exp_null", "CLAIMS", raw_claims(
        '{"sub":"12","aud":"piq","exp":null}')
    for name, value in (("string", str(NOW + 60)), ("real", NOW + 60.5),
                        ("negative", -1), ("list", [NOW + 60]),
                        ("true", True), ("huge", 1 << 62)):
        yield f"exp_{name}", "CLAIMS", hs(HEADER, claims(exp=value))
        yield f"nbf_{name}", "CLAIMS", hs(HEADER, claims(nbf=value))
        yield f"iat_{name}", "CLAIMS", hs(HEADER, claims(iat=value))
    yield "exp_infinite", "CLAIMS", raw_claims(
        '{"sub":"12","aud":"piq","exp":1e400}')
    yield "exp_past_64_bits", "CLAIMS", raw_claims(
        '{"sub":"12","aud":"piq","exp":99999999999999999999}')
    yield "expired", "EXPIRED", hs(HEADER, claims(exp=NOW - 30))
    yield "expired_long_ago", "EXPIRED", hs(HEADER, claims(exp=0, iat=None))
    yield "nbf_ahead", "EARLY", hs(HEADER, claims(nbf=NOW + 31))
    yield "iat_ahead", "EARLY", hs(HEADER, claims(iat=NOW + 31))
    yield "lives_too_long", "LIFE", hs(HEADER, claims(exp=NOW - 60 + 86401))
    yield "lives_too_long_without_iat", "LIFE", hs(
        HEADER, claims(iat=None, exp=NOW + 86401))
    yield "ends_before_iat", "LIFE", hs(
        HEADER, claims(iat=NOW + 20, exp=NOW + 10))
    yield "ends_before_nbf", "LIFE", hs(
        HEADER, claims(nbf=NOW + 20, exp=NOW + 10))
    for name, value in (("other", "shop"), ("missing", None), ("empty", ""),
                        ("number", 1), ("object", {"piq": "piq"}),
                        ("prefix", "pi"), ("longer", "piqs"),
                        ("case", "PIQ"), ("list_without", ["shop"]),
                        ("list_empty", []), ("list_nested", [["piq"]]),
                        ("list_mixed", ["piq", 1]),
                        ("list_long", ["shop"] * 16 + ["piq"])):
        yield f"aud_{name}", "AUDIENCE", hs(HEADER, claims(aud=value))
    for name, value in (("missing", None), ("number", 12), ("empty", ""),
                        ("zero", "0"), ("leading_zero", "012"),
                        ("plus", "+12"), ("minus", "-12"), ("blank", " 12"),
                        ("newline", "12\n"), ("hex", "0x12"),
                        ("exponent", "1e3"), ("point", "12.0"),
                        ("comma", "1,2"), ("name", "anna"),
                        ("too_large", str(1 << 40)),
                        ("of_another_tenant", str((1 << 40) + 12)),
                        ("past_64_bits", "18446744073709551628"),
                        ("wide_digits", "\uff11\uff12"),
                        ("list", ["12"]), ("object", {"id": 12}),
                        ("true", True)):
        yield f"sub_{name}", "SUBJECT", hs(HEADER, claims(sub=value))
    for name, value in (("empty", ""), ("blank", "a b"), ("path", "../x"),
                        ("slash", "1/anna"), ("quote", "a\"b"),
                        ("long", "a" * 64), ("number", 12),
                        ("missing", None)):
        yield f"coach_sub_{name}", "SUBJECT", hs(
            HEADER, claims(sub=value, role="coach"))
    for name, value in (("admin", "admin"), ("platform", "platform"),
                        ("case", "Coach"), ("empty", ""), ("null", "null"),
                        ("number", 2), ("list", ["coach"])):
        yield f"role_{name}", "ROLE", hs(HEADER, claims(role=value))
    yield "role_json_null", "ROLE", raw_claims(json.dumps(
        {**claims(), "role": None}))
    for name, value in (("unknown", "profile:write"), ("empty", ""),
                        ("list", ["profile:read"]), ("number", 31),
                        ("partly_unknown", "profile:read root")):
        yield f"scope_{name}", "SCOPE", hs(HEADER, claims(scope=value))


def c_text(text):
    out = []
    for ch in text:
        out.append({"\n": "\\n", '"': '\\"', "\\": "\\\\"}.get(ch, ch))
    return '"' + "".join(out) + '"'


def not_utf8():
    signed = (b64(json.dumps(HEADER).encode()) + "." +
              b64(b'{"sub":"12","x":"\xff"}'))
    return signed + "." + b64(mac(SECRET, signed))


def main():
    out = sys.stdout.write
    out("/* Made by make_tokens.py; not to be changed by hand. */\n"
        "#ifndef PIQ_TESTS_GOLDEN_TOKENS_H\n"
        "#define PIQ_TESTS_GOLDEN_TOKENS_H\n\n"
        "#include <stdint.h>\n\n")
    out(f"#define GOLDEN_NOW_US INT64_C({NOW}000000)\n")
    out("#define GOLDEN_SECRET " + ", ".join(map(str, SECRET)) + "\n")
    out(f"#define GOLDEN_RSA_PEM {c_text(public_pem(RSA))}\n")
    out(f"#define GOLDEN_RSA_JWK {c_text(rsa_jwk(RSA, use='sig', alg='RS256'))}\n")
    out(f"#define GOLDEN_ED_PEM {c_text(public_pem(ED))}\n")
    out(f"#define GOLDEN_ED_JWK {c_text(ed_jwk(ED))}\n")
    out("\n/* Keys that are none to verify with. */\n")
    out("static const struct {\n    const char *name, *algorithm, *key;\n"
        "} golden_bad_keys[] = {\n")
    small = rsa.generate_private_key(65537, 1024)
    low = rsa.generate_private_key(3, 2048)
    p256 = ec.generate_private_key(ec.SECP256R1())
    ed_private = b64(OTHER_ED.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
        serialization.NoEncryption()))
    rows = [
        ("an unknown algorithm", "HS512", SECRET.hex()),
        ("none", "none", SECRET.hex()),
        ("a short secret", "HS256", "0123456789abcdef0123456789abcde"),
        ("a secret of one letter", "HS256", "a" * 64),
        ("PEM as a secret", "HS256", public_pem(RSA)),
        ("an RSA key of 1024 bits", "RS256", public_pem(small)),
        ("an RSA exponent of 3", "RS256", public_pem(low)),
        ("an RSA exponent of 1", "RS256", json.dumps(
            {"kty": "RSA", "e": "AQ",
             "n": number(RSA.public_key().public_numbers().n)})),
        ("an even RSA exponent", "RS256", json.dumps(
            {"kty": "RSA", "e": "AQAA",
             "n": number(RSA.public_key().public_numbers().n)})),
        ("an Ed25519 key for RS256", "RS256", public_pem(ED)),
        ("an RSA key for EdDSA", "EdDSA", public_pem(RSA)),
        ("a P-256 key for EdDSA", "EdDSA", public_pem(p256)),
        ("a P-256 key for RS256", "RS256", public_pem(p256)),
        ("a private PEM", "EdDSA", private_pem(OTHER_ED)),
        ("a private PEM behind a public one", "EdDSA",
         public_pem(OTHER_ED) + private_pem(OTHER_ED)),
        ("a private JWK", "EdDSA", ed_jwk(OTHER_ED, d=ed_private)),
        ("a JWK of another algorithm", "RS256", rsa_jwk(RSA, alg="RS512")),
        ("a JWK for encryption", "RS256", rsa_jwk(RSA, use="enc")),
        ("a JWK with another curve", "EdDSA",
         ed_jwk(ED).replace("Ed25519", "Ed448")),
        ("a JWK with a short x", "EdDSA", json.dumps(
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})),
        ("a JWK without a modulus", "RS256", '{"kty":"RSA","e":"AQAB"}'),
        ("a JWK with two moduli", "RS256",
         rsa_jwk(RSA)[:-1] + ',"n":"AQAB"}'),
        ("a secret as JWK", "HS256", '{"kty":"oct","k":"AAAA"}'),
        ("half a PEM", "RS256", public_pem(RSA)[:200]),
        ("nothing", "RS256", ""),
        ("no key", "EdDSA", "hello"),
    ]
    for name, algorithm, key in rows:
        out(f"    {{{c_text(name)}, {c_text(algorithm)}, {c_text(key)}}},\n")
    out("};\n\nstatic const struct {\n    const char *name, *token;\n"
        "} golden_good[] = {\n")
    for name, token in good():
        out(f"    {{{c_text(name)}, {c_text(token)}}},\n")
    out("};\n")
    for table, rows in (("signatures", signatures), ("confusions", confusions),
                        ("headers", headers), ("forms", forms),
                        ("claims", bad_claims)):
        out("\nstatic const struct golden_bad {\n"
            "    const char *name, *fault, *token;\n} " if table ==
            "signatures" else "\nstatic const struct golden_bad ")
        out(f"golden_{table}[] = {{\n")
        for name, fault, token in rows():
            if token.startswith("\0"):
                token = not_utf8()
            token = token.replace("\\n", "\n")
            out(f"    {{{c_text(name)}, \"{fault}\", {c_text(token)}}},\n")
        out("};\n")
    out("\n#endif\n")


if __name__ == "__main__":
    main()
