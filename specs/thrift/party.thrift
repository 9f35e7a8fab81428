/** Parties and their shops. */

include "base.thrift"
include "domain.thrift"

exception PartyNotFound {}
exception ShopNotFound {}
exception PartyExists {}
exception ShopExists {}
/** The party is blocked, or is suspended already, or active already. */
exception InvalidPartyStatus {}
exception InvalidShopStatus {}

struct PartyParams {
    1: optional string contact_email
}

struct ShopParams {
    1: required base.ShopID id
    2: required domain.CurrencyCode currency
    3: required i32 category_id
    4: required domain.ShopLocation location
    5: required domain.ShopDetails details
    6: required base.ID contract_id
}

service PartyManagement {
    /** Internal realm, or external for the caller's own id. */
    domain.Party Create(1: base.PartyID party_id, 2: PartyParams params)
        throws (1: PartyExists exists, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    domain.Party Get(1: base.PartyID party_id)
        throws (1: PartyNotFound not_found, 2: base.AccessDenied denied)

    void Suspend(1: base.PartyID party_id)
        throws (1: PartyNotFound not_found, 2: InvalidPartyStatus status, 3: base.AccessDenied denied)

    void Activate(1: base.PartyID party_id)
        throws (1: PartyNotFound not_found, 2: InvalidPartyStatus status, 3: base.AccessDenied denied)

    /** Internal realm only: the platform's own decision, stronger than the party's suspension. */
    void Block(1: base.PartyID party_id, 2: string reason)
        throws (1: PartyNotFound not_found, 2: InvalidPartyStatus status, 3: base.AccessDenied denied)

    void Unblock(1: base.PartyID party_id, 2: string reason)
        throws (1: PartyNotFound not_found, 2: InvalidPartyStatus status, 3: base.AccessDenied denied)

    /** Internal realm only. Opens the shop's ledger accounts with it. */
    domain.Shop CreateShop(1: base.PartyID party_id, 2: ShopParams params)
        throws (1: PartyNotFound not_found, 2: ShopExists exists, 3: base.InvalidRequest invalid, 4: base.AccessDenied denied)

    list<domain.Shop> GetShops(1: base.PartyID party_id)
        throws (1: PartyNotFound not_found, 2: base.AccessDenied denied)

    domain.Shop GetShop(1: base.PartyID party_id, 2: base.ShopID shop_id)
        throws (1: PartyNotFound not_found, 2: ShopNotFound shop_not_found, 3: base.AccessDenied denied)

    void SuspendShop(1: base.PartyID party_id, 2: base.ShopID shop_id)
        throws (1: PartyNotFound not_found, 2: ShopNotFound shop_not_found, 3: InvalidShopStatus status, 4: base.AccessDenied denied)

    void ActivateShop(1: base.PartyID party_id, 2: base.ShopID shop_id)
        throws (1: PartyNotFound not_found, 2: ShopNotFound shop_not_found, 3: InvalidShopStatus status, 4: base.AccessDenied denied)

    void BlockShop(1: base.PartyID party_id, 2: base.ShopID shop_id, 3: string reason)
        throws (1: PartyNotFound not_found, 2: ShopNotFound shop_not_found, 3: InvalidShopStatus status, 4: base.AccessDenied denied)

    void UnblockShop(1: base.PartyID party_id, 2: base.ShopID shop_id, 3: string reason)
        throws (1: PartyNotFound not_found, 2: ShopNotFound shop_not_found, 3: InvalidShopStatus status, 4: base.AccessDenied denied)
}
