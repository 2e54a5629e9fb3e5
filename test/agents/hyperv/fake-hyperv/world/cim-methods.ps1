# The methods of CIM classes that an agent calls. A return value is the published one: 0 done, 4096 a job was started, 32768 and
# up failures.

function ConvertTo-FakeReturn {
    param([long]$Value, [System.Collections.IDictionary]$Property = @{})
    $all = [ordered]@{ ReturnValue = [uint32]$Value }
    foreach ($key in $Property.Keys) { $all[$key] = $Property[$key] }
    return [pscustomobject]$all
}

# The machine that a reference names: a computer system, its settings or one of its devices.
function Resolve-FakeCimVM {
    param([psobject]$World, [object]$Reference)
    $id = ''
    foreach ($key in 'VirtualSystemIdentifier', 'SystemName', 'Name') {
        if ($id -eq '' -and $null -ne $Reference -and $null -ne $Reference.PSObject.Properties[$key]) { $id = $Reference.$key }
    }
    return @($World.vms | Where-Object { $_.id -eq $id })
}

function Invoke-FakeCimMethod {
    param([psobject]$World, [object]$Instance, [string]$Method, [System.Collections.IDictionary]$Argument)
    $class = $Instance.CimClass.CimClassName
    switch ("$class.$Method") {
        'Msvm_VirtualSystemManagementService.GetSummaryInformation' { return Get-FakeSummaryAnswer -World $World -Argument $Argument }
        'Msvm_VirtualSystemManagementService.GetVirtualSystemThumbnailImage' { return Get-FakeThumbnail -World $World -Argument $Argument }
        'Msvm_VirtualSystemManagementService.AddKvpItems' { return Edit-FakeKvp -World $World -Argument $Argument -Mode 'add' }
        'Msvm_VirtualSystemManagementService.ModifyKvpItems' { return Edit-FakeKvp -World $World -Argument $Argument -Mode 'modify' }
        'Msvm_VirtualSystemManagementService.RemoveKvpItems' { return Edit-FakeKvp -World $World -Argument $Argument -Mode 'remove' }
        'Msvm_ComputerSystem.RequestStateChange' { return Edit-FakeCimState -World $World -Instance $Instance -Argument $Argument }
        'Msvm_ShutdownComponent.InitiateShutdown' { return Invoke-FakeCimShutdown -World $World -Instance $Instance -Reboot $false }
        'Msvm_ShutdownComponent.InitiateReboot' { return Invoke-FakeCimShutdown -World $World -Instance $Instance -Reboot $true }
    }
    if ($class -eq 'Msvm_Keyboard') { return Add-FakeKey -World $World -Instance $Instance -Method $Method -Argument $Argument }
    Deny-FakeCim -Code '0x80041055' -Message "Die Methode $Method gibt es nicht."
}

function Get-FakeArgument {
    param([System.Collections.IDictionary]$Argument, [string]$Name)
    if ($null -ne $Argument -and $Argument.Contains($Name)) { return $Argument[$Name] }
    return $null
}

function Get-FakeSummaryAnswer {
    param([psobject]$World, [System.Collections.IDictionary]$Argument)
    $settings = Get-FakeArgument -Argument $Argument -Name 'SettingData'
    $requested = @(Get-FakeArgument -Argument $Argument -Name 'RequestedInformation')
    $machines = @($World.vms | Where-Object { -not $_.planned })
    if ($null -ne $settings) { $machines = @($settings | ForEach-Object { Resolve-FakeCimVM -World $World -Reference $_ }) }
    $answer = @($machines | ForEach-Object { ConvertTo-FakeSummary -Machine $_ -Requested $requested })
    return ConvertTo-FakeReturn -Value 0 -Property @{ SummaryInformation = $answer }
}

# RGB565, row by row: coloured bars, so that a picture can be told from nothing and from one upside down.
function Get-FakeThumbnail {
    param([psobject]$World, [System.Collections.IDictionary]$Argument)
    $machine = @(Resolve-FakeCimVM -World $World -Reference (Get-FakeArgument -Argument $Argument -Name 'TargetSystem'))
    if ($machine.Count -eq 0) { return ConvertTo-FakeReturn -Value 32773 }
    if ($machine[0].state -ne 'Running') { return ConvertTo-FakeReturn -Value 32775 }
    $width = [int](Get-FakeArgument -Argument $Argument -Name 'WidthPixels')
    $height = [int](Get-FakeArgument -Argument $Argument -Name 'HeightPixels')
    if ($width -lt 1 -or $height -lt 1 -or $width -gt 4096 -or $height -gt 4096) { return ConvertTo-FakeReturn -Value 32773 }
    $colours = @(0xF800, 0x07E0, 0x001F, 0xFFFF)
    $image = [byte[]]::new($width * $height * 2)
    $row = [byte[]]::new($width * 2)
    for ($x = 0; $x -lt $width; $x++) {
        $colour = $colours[[int][Math]::Floor($x * 4 / $width)]
        $row[2 * $x] = $colour -band 255
        $row[2 * $x + 1] = $colour -shr 8
    }
    for ($y = 0; $y -lt $height; $y++) { [System.Array]::Copy($row, 0, $image, $y * $width * 2, $row.Length) }
    return ConvertTo-FakeReturn -Value 0 -Property @{ ImageData = $image }
}

# An embedded instance as text: names and values of Msvm_KvpExchangeDataItem.
function ConvertFrom-FakeKvpXml {
    param([string]$Text)
    try { $xml = [xml]$Text } catch { return $null }
    if ($xml.DocumentElement.LocalName -ne 'INSTANCE' -or $xml.DocumentElement.GetAttribute('CLASSNAME') -ne 'Msvm_KvpExchangeDataItem') { return $null }
    $item = [pscustomobject]@{ name = ''; data = ''; source = '0' }
    foreach ($node in $xml.DocumentElement.SelectNodes('PROPERTY')) {
        $value = $node.SelectSingleNode('VALUE')
        $key = $node.GetAttribute('NAME').ToLowerInvariant()
        if ($null -ne $value -and $null -ne $item.PSObject.Properties[$key]) { $item.$key = $value.InnerText }
    }
    return $item
}

# All or nothing: Add fails when one is there, Modify and Remove when one is not. At most 128 a call, 255 and 1,023 characters.
function Edit-FakeKvp {
    param([psobject]$World, [System.Collections.IDictionary]$Argument, [string]$Mode)
    $machine = @(Resolve-FakeCimVM -World $World -Reference (Get-FakeArgument -Argument $Argument -Name 'TargetSystem'))
    $items = @(Get-FakeArgument -Argument $Argument -Name 'DataItems' | ForEach-Object { ConvertFrom-FakeKvpXml -Text $_ })
    if ($machine.Count -eq 0 -or $items.Count -eq 0 -or $items.Count -gt 128) { return ConvertTo-FakeReturn -Value 32773 }
    $known = @($machine[0].kvp | ForEach-Object { $_.name })
    foreach ($item in $items) {
        if ($null -eq $item -or $item.name -eq '' -or $item.name.Length -gt 255 -or $item.data.Length -gt 1023 -or $item.source -ne '0') { return ConvertTo-FakeReturn -Value 32773 }
        if (($Mode -eq 'add') -eq ($item.name -cin $known)) { return ConvertTo-FakeReturn -Value 32773 }
    }
    $names = @($items | ForEach-Object { $_.name })
    if (@($names | Select-Object -Unique).Count -ne $names.Count) { return ConvertTo-FakeReturn -Value 32773 }
    if ($Mode -eq 'add' -and $known.Count + $names.Count -gt $World.host.kvpKeysMax) { return ConvertTo-FakeReturn -Value 32768 }
    $left = @($machine[0].kvp | Where-Object { $_.name -cnotin $names })
    if ($Mode -ne 'remove') { $left += @($items | ForEach-Object { [pscustomobject]@{ name = $_.name; data = $_.data } }) }
    $machine[0].kvp = $left
    if (-not $World.timing.asyncKvp) { return ConvertTo-FakeReturn -Value 0 -Property @{ Job = $null } }
    $job = [pscustomobject]@{ id = [guid]::NewGuid().ToString().ToUpperInvariant(); state = 4; error = 0; untilMs = (Get-FakeNow) + $World.timing.jobMs }
    $World.jobs = @($World.jobs) + $job
    return ConvertTo-FakeReturn -Value 4096 -Property @{ Job = (ConvertTo-FakeCimJob -Job $job) }
}

# The codes of an exception of the cmdlets' rules, as the methods return them.
function ConvertTo-FakeReturnCode {
    param([System.Exception]$Exception)
    $codes = @{ InvalidParameter = 32773; InvalidState = 32775; OutOfMemory = 32778; NotSupported = 32770; ObjectNotFound = 32779 }
    if ($null -eq $Exception.PSObject.Properties['ErrorIdentifier']) { return $null }
    if ($codes.ContainsKey($Exception.ErrorIdentifier)) { return $codes[$Exception.ErrorIdentifier] }
    return 32768
}

function Edit-FakeCimState {
    param([psobject]$World, [object]$Instance, [System.Collections.IDictionary]$Argument)
    $machine = @(Resolve-FakeCimVM -World $World -Reference $Instance)
    if ($machine.Count -eq 0) { return ConvertTo-FakeReturn -Value 32773 }
    $machine = $machine[0]
    try {
        switch ([int](Get-FakeArgument -Argument $Argument -Name 'RequestedState')) {
            2 { Invoke-FakeStart -World $World -Machine $machine }
            3 { Invoke-FakeTurnOff -World $World -Machine $machine }
            4 { Invoke-FakeShutdown -World $World -Machine $machine }
            11 { if ($machine.state -ne 'Running') { return ConvertTo-FakeReturn -Value 32775 }; $machine.startedMs = Get-FakeNow }
            32768 { if ($machine.state -ne 'Running') { return ConvertTo-FakeReturn -Value 32775 }; $machine.state = 'Paused' }
            32769 { Save-FakeMachine -Machine $machine }
            default { return ConvertTo-FakeReturn -Value 32773 }
        }
    } catch {
        $code = ConvertTo-FakeReturnCode -Exception $_.Exception
        if ($null -eq $code) { throw }
        return ConvertTo-FakeReturn -Value $code
    }
    return ConvertTo-FakeReturn -Value 0
}

function Invoke-FakeCimShutdown {
    param([psobject]$World, [object]$Instance, [bool]$Reboot)
    $machine = @(Resolve-FakeCimVM -World $World -Reference $Instance)
    if ($machine.Count -eq 0) { return ConvertTo-FakeReturn -Value 32773 }
    try { Invoke-FakeShutdown -World $World -Machine $machine[0] -Reboot $Reboot } catch {
        $code = ConvertTo-FakeReturnCode -Exception $_.Exception
        if ($null -eq $code) { throw }
        return ConvertTo-FakeReturn -Value $code
    }
    return ConvertTo-FakeReturn -Value 0
}

# Keys as they came: the guest's record of them is what a test reads.
function Add-FakeKey {
    param([psobject]$World, [object]$Instance, [string]$Method, [System.Collections.IDictionary]$Argument)
    $inputs = @{ TypeText = 'asciiText'; TypeKey = 'keyCode'; PressKey = 'keyCode'; ReleaseKey = 'keyCode'; TypeScancodes = 'Scancodes'; TypeCtrlAltDel = '' }
    if (-not $inputs.ContainsKey($Method)) { Deny-FakeCim -Code '0x80041055' -Message "Die Methode $Method gibt es nicht." }
    $machine = @(Resolve-FakeCimVM -World $World -Reference $Instance)
    if ($machine.Count -eq 0 -or $machine[0].state -ne 'Running') { return ConvertTo-FakeReturn -Value 32775 }
    $value = $null
    if ($inputs[$Method] -ne '') {
        $value = Get-FakeArgument -Argument $Argument -Name $inputs[$Method]
        if ($null -eq $value) { return ConvertTo-FakeReturn -Value 32773 }
    }
    $machine[0].guest.keys = @($machine[0].guest.keys) + [pscustomobject]@{ method = $Method; value = $value }
    return ConvertTo-FakeReturn -Value 0
}
