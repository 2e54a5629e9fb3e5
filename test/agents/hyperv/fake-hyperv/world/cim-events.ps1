# Events of instances that came, went or changed, as WMI makes them where no provider tells: by comparing every so many seconds.

# What a query asks for; WQL of the kind that agents use.
function Read-FakeEventQuery {
    param([string]$Query)
    $form = "(?is)^\s*select\s+\*\s+from\s+__Instance(Creation|Deletion|Modification)Event\s+within\s+(\d+)\s+where\s+TargetInstance\s+isa\s+'(\w+)'(\s+and\s+TargetInstance\.(\w+)\s*<>\s*PreviousInstance\.(\w+))?\s*$"
    if ($Query -notmatch $form) { Deny-FakeCim -Code '0x80041017' -Message 'Ungueltige Abfrage' }
    $property = if ($Matches.ContainsKey(5)) { $Matches[5] } else { $null }
    if ($null -ne $property -and $property -ne $Matches[6]) { Deny-FakeCim -Code '0x80041017' -Message 'Ungueltige Abfrage' }
    return @{ Kind = $Matches[1]; Seconds = [int]$Matches[2]; Class = $Matches[3]; Property = $property }
}

# By key: what is compared of each instance.
function Get-FakeEventView {
    param([psobject]$World, [hashtable]$Asked)
    $view = @{}
    foreach ($instance in (Get-FakeCimTable -World $World -Class $Asked.Class)) {
        $key = if ($null -ne $instance.PSObject.Properties['InstanceID']) { $instance.InstanceID } else { $instance.Name }
        $view[$key] = if ($null -ne $Asked.Property) { "$($instance.($Asked.Property))" } else { ConvertTo-Json -InputObject $instance -Depth 3 -Compress }
    }
    return $view
}

# How many events the difference of two views is.
function Measure-FakeEvent {
    param([hashtable]$Before, [hashtable]$Now, [string]$Kind)
    $changed = switch ($Kind) {
        'Creation' { $Now.Keys | Where-Object { -not $Before.ContainsKey($_) } }
        'Deletion' { $Before.Keys | Where-Object { -not $Now.ContainsKey($_) } }
        default { $Now.Keys | Where-Object { $Before.ContainsKey($_) -and $Before[$_] -cne $Now[$_] } }
    }
    return @($changed).Count
}
