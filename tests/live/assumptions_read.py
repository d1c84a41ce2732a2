"""What reading a real account can prove right or wrong."""

from tests.live.assumption import Assumption, How, Known

READ_ASSUMPTIONS = (
    Assumption(
        id="A01",
        claim="The address of a list's next page, `next.href`, names `start`, and a list that is "
        "asked for from there goes on with other servers.",
        known=Known.INFERRED,
        source="platform notes 1.3",
        relies="`ibmcloud/wire/vpc.py`: only `start` is taken out of `next.href`, which in "
        "recordings of 2021 lacked version and generation",
        if_wrong="The region counts as incomplete, with an error that says the address names no "
        "start, and exit code 4; or, where pages repeat, the listing ends with an error.",
        how=How.READ,
    ),
    Assumption(
        id="A02",
        claim="A list takes a limit of 100.",
        known=Known.INFERRED,
        source="platform notes 1.3",
        relies="`ibmcloud/vpc.py`: every page is asked for with `limit=100`",
        if_wrong="A refusal ends every listing with the API's own message. A smaller page is no "
        "harm: pages are followed to the last.",
        how=How.READ,
    ),
    Assumption(
        id="A03",
        claim="The list of instance templates comes whole, on one page.",
        known=Known.INFERRED,
        source="platform notes 1.3",
        relies="`ibmcloud/templates.py`: the SDK has no way to ask for a second page",
        if_wrong="A `next` that names `start` is followed all the same; one that does not is an "
        "error. A list cut short without `next` would leave templates out of an audit.",
        how=How.READ,
    ),
    Assumption(
        id="A04",
        claim="The answer with one instance has an `ETag`.",
        known=Known.NOT_FOUND,
        source="platform notes 3.4",
        relies="`ibmcloud/vpc.py`: an instance is patched with the ETag it was read with",
        if_wrong="The patch goes without `If-Match`. The server is still read and compared just "
        "before it, and read again after it.",
        how=How.READ,
    ),
    Assumption(
        id="A05",
        claim="A list tells of an instance what reading it by its id tells.",
        known=Known.INFERRED,
        source="platform notes 1.1",
        relies="`usecases/fleet.py`: lists and audits read no server by itself",
        if_wrong="A field that lists leave out is shown as not reported, and checks that need it "
        "are undecided. Changes are safe: they read the server by its id.",
        how=How.READ,
    ),
    Assumption(
        id="A06",
        claim="Any region tells of all regions.",
        known=Known.INFERRED,
        source="platform notes 3.1",
        relies="`ibmcloud/vpc.py`: us-south alone is asked for the regions",
        if_wrong="Servers in regions that us-south does not name are not read, and `--region` "
        "refuses such a region as one that does not exist.",
        how=How.READ,
    ),
    Assumption(
        id="A07",
        claim="The regions built into the program are all there are.",
        known=Known.INFERRED,
        source="platform notes 3.1",
        relies="`domain/identifiers.py`: used where the regions cannot be read",
        if_wrong="With that list, and its warning, a new region is left out. Otherwise nothing: "
        "the API's own list is used.",
        how=How.READ,
    ),
    Assumption(
        id="A08",
        claim="The location in a server's CRN is its zone, and the zone is the region with a "
        "number behind it.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`domain/identifiers.py`: a CRN tells which region to ask, and links and tags are "
        "joined to servers by it",
        if_wrong="A server named by its CRN is looked for in a wrong region and not found, and its "
        "links count as not visible. `links prune` could then delete one whose server is there: "
        "test this before the first prune.",
        how=How.READ,
    ),
    Assumption(
        id="A09",
        claim="A server that is not there is answered with 404.",
        known=Known.INFERRED,
        source="platform notes 3.3",
        relies="`ibmcloud/statuses.py`: only a 404 means not found, also to `links prune`",
        if_wrong="Another status is reported as an error, and nothing is pruned.",
        how=How.READ,
    ),
    Assumption(
        id="A10",
        claim="A server of another region is answered with 404, too.",
        known=Known.INFERRED,
        source="platform notes 3.1",
        relies="`usecases/fleet.py`: an id without a region is looked for in every region",
        if_wrong="Looking for an id ends with errors of the regions that it is not in; a CRN, or "
        "`--region`, does.",
        how=How.READ,
    ),
    Assumption(
        id="A11",
        claim="Who may read an instance may read its initialization.",
        known=Known.INFERRED,
        source="platform notes 4.4",
        relies="`ibmcloud/vpc.py`: `access list --default-profiles` asks for it",
        if_wrong="The default profile is told as not known, and the 403 names the action that was "
        "thought enough.",
        how=How.READ,
    ),
    Assumption(
        id="A12",
        claim="Who may list instances may list VPCs.",
        known=Known.NOT_FOUND,
        source="platform notes 4.4",
        relies="`usecases/listing.py`: a region of more than a thousand servers is read VPC by VPC",
        if_wrong="The region is read page by page: slower, and as complete.",
        how=How.READ,
    ),
    Assumption(
        id="A13",
        claim="The VPC API answers a token that it does not accept with 401.",
        known=Known.INFERRED,
        source="platform notes 3.3",
        relies="`ibmcloud/retries.py`: a 401 brings one new token and the same request again",
        if_wrong="IBM's archived list has 403 for an expired token. Then it is told as a missing "
        "right, and the hint names the expired token; nothing is sent twice.",
        how=How.READ,
    ),
    Assumption(
        id="A14",
        claim="A token tells its account, in the claim `account.bss`, and when it was issued and "
        "expires.",
        known=Known.NOT_FOUND,
        source="platform notes 4.1",
        relies="`ibmcloud/tokens.py`: `--account`, the state file and all of trust go by it",
        if_wrong="IAM is asked whose the API key is. Where that fails, too, commands that need the "
        "account refuse.",
        how=How.READ,
    ),
    Assumption(
        id="A15",
        claim="An API key may ask IAM for the account that it belongs to.",
        known=Known.NOT_FOUND,
        source="platform notes 4.1",
        relies="`ibmcloud/iam.py`: what is done where a token does not tell the account",
        if_wrong="Only where A14 does not hold: commands that need the account refuse.",
        how=How.READ,
    ),
    Assumption(
        id="A16",
        claim="The next page of trusted profiles is an address with `pagetoken` in it.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`ibmcloud/wire/iam.py`: the token of the next page is taken out of `next`",
        if_wrong="Reading trust ends with an error, and what depends on it refuses or says that it "
        "is not known.",
        how=How.READ,
    ),
    Assumption(
        id="A17",
        claim="The links and the claim rules of a profile come without pages.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`ibmcloud/iam.py`: one request for each",
        if_wrong="A list that goes on on another page is an error of its own: who trusts the "
        "servers is then not known, which is said, and with --check-trust always nothing is "
        "changed.",
        how=How.READ,
    ),
    Assumption(
        id="A18",
        claim="Who may read a profile may read its identities.",
        known=Known.NOT_FOUND,
        source="platform notes 4.4",
        relies="`usecases/trusting.py`: identities are the third way to become a profile",
        if_wrong="Trust counts as not fully read, with the profile named, and exit code 4.",
        how=How.READ,
    ),
    Assumption(
        id="A19",
        claim="Claim rules about servers use the claims that IBM's pages name.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`domain/claims.py`: these claims can be worked out from a server",
        if_wrong="Another claim is a doubt, *cannot tell*, for every server it may concern.",
        how=How.READ,
    ),
    Assumption(
        id="A20",
        claim="The value of a rule's condition is JSON in a string.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`domain/condition_values.py`: that is how it is read",
        if_wrong="A value that is no JSON is a doubt, *cannot tell*.",
        how=How.READ,
    ),
    Assumption(
        id="A21",
        claim="IAM tells an account's limits of links to whoever may read its profiles, each as "
        "`limit` and, where asked for, `count`.",
        known=Known.NOT_FOUND,
        source="platform notes 4.5",
        relies="`cli/link_limits.py`: links are held against the limits before the first is made",
        if_wrong="A line on stderr says that the limits are not checked. A link too many is "
        "refused by IAM, and reported.",
        how=How.READ,
    ),
    Assumption(
        id="A22",
        claim="Global Search finds servers by `family:is` and their types, and tells the CRN and "
        "the user tags of each.",
        known=Known.NOT_FOUND,
        source="platform notes 3.1",
        relies="`ibmcloud/wire/search.py`: `--tag`, and `--with tags`",
        if_wrong="`--tag` ends with an error, or warns that no server bears the tag; a server "
        "whose tag is not found is not changed.",
        how=How.READ,
    ),
    Assumption(
        id="A23",
        claim="Global Search goes on with another page from `search_cursor`, and an empty page is "
        "the last.",
        known=Known.NOT_FOUND,
        source="platform notes 3.1",
        relies="`ibmcloud/search.py`: pages are followed by it",
        if_wrong="Pages that repeat are noticed, and end with an error. A cursor that is not given "
        "would leave tagged servers out.",
        how=How.READ,
    ),
    Assumption(
        id="A24",
        claim='Global Search finds by `tags:"KEY:VALUE"` what bears the tag, and nothing else.',
        known=Known.NOT_FOUND,
        source="platform notes 3.1",
        relies="`ibmcloud/wire/search.py`: `--tag` selects servers to be changed",
        if_wrong="The tags of what is found are told with it, and a server without the tag would "
        "be selected only if they were wrong, too; a plan names every server.",
        how=How.READ,
    ),
    Assumption(
        id="A25",
        claim="Global Search takes a limit of 1000.",
        known=Known.NOT_FOUND,
        source="platform notes 3.1",
        relies="`ibmcloud/search.py`: every page is asked for with it",
        if_wrong="A refusal is reported with the API's message, and `--tag` cannot be used.",
        how=How.READ,
    ),
)
